import { Module } from '@nestjs/common';
import { UpstoxModule } from '../upstox/upstox.module.js';
import { InstrumentsService } from './instruments.service.js';

/** The instrument list. Needs the global database and clock modules. */
@Module({
  imports: [UpstoxModule],
  providers: [InstrumentsService],
  exports: [InstrumentsService],
})
export class InstrumentsModule {}
