import { Controller, Get, HttpStatus, Inject, Param, UseGuards } from '@nestjs/common';
import { SessionGuard } from '../auth/session.guard.js';
import { Clock } from '../clock/clock.js';
import { istDate } from '../domain/slot.js';
import { ApiError } from '../http/api-error.js';
import type { ExpiryInfo, UnderlyingInfo } from '../protocol/index.js';
import { InstrumentsService } from '../instruments/instruments.service.js';

/** What can be picked: underlyings and their expiries. Here and not in instruments/, which knows nothing of sign-ins. */
@Controller('api/underlyings')
@UseGuards(SessionGuard)
export class UnderlyingsController {
  constructor(
    @Inject(InstrumentsService) private readonly instruments: InstrumentsService,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  @Get()
  underlyings(): Promise<UnderlyingInfo[]> {
    return this.instruments.underlyings(istDate(this.clock.now()));
  }

  /** @param key of the underlying, percent-encoded; its symbol will do too. */
  @Get(':key/expiries')
  async expiries(@Param('key') key: string): Promise<ExpiryInfo[]> {
    const underlying = await this.instruments.underlying(key);
    if (underlying === null)
      throw new ApiError(
        HttpStatus.NOT_FOUND,
        'unknown-underlying',
        'There is no such underlying in the instrument list. Pick one from the list, or import the list again.',
      );
    return this.instruments.expiries(underlying.key, istDate(this.clock.now()));
  }
}
