import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Inject, Injectable } from '@nestjs/common';
import { CONFIG, type Config } from '../config/config.js';
import { ApiError } from '../http/api-error.js';
import { GuessLimiter } from './guess-limiter.js';
import type { NewSignIn } from './session.service.js';

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number; maxmem: number }, Buffer>(
  scrypt,
);
/** 16 MiB and about 40 ms a guess. The hash never leaves the memory; how fast one can guess is held by the limiter. */
const COST = { N: 2 ** 14, r: 8, p: 1, maxmem: 32 * 1024 * 1024 };
const HASH_BYTES = 32;

/**
 * The owner's passphrase lets a person look at tables, no more. It is stored nowhere: kept is a salted scrypt hash, in
 * memory, which every guess is compared with in constant time.
 */
@Injectable()
export class ViewerAccess {
  private readonly salt = randomBytes(16);
  private readonly expected: Promise<Buffer> | null;
  /** One check at a time: guesses of many must not take the memory and threads that captures need. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly limiter: GuessLimiter,
    @Inject(CONFIG) config: Config,
  ) {
    this.expected = config.viewerPassphrase === null ? null : this.hash(config.viewerPassphrase);
  }

  /** Whether the owner has set a passphrase. */
  get offered(): boolean {
    return this.expected !== null;
  }

  /**
   * @param address of the socket's other end.
   * @throws ApiError 403 without a passphrase set, 429 after too many guesses, 401 `wrong-passphrase`.
   */
  async enter(passphrase: string, address: string): Promise<NewSignIn> {
    const { expected } = this;
    if (expected === null)
      throw new ApiError(403, 'forbidden', 'The owner of this tracker has set no viewer passphrase.');
    const giveBack = this.limiter.take(address);
    if (!(await this.matches(passphrase, expected)))
      throw new ApiError(401, 'wrong-passphrase', 'That is not the passphrase.');
    giveBack();
    return { method: 'viewer', brokerUser: 'viewer', name: 'Viewer', tokenId: '' };
  }

  private matches(passphrase: string, expected: Promise<Buffer>): Promise<boolean> {
    const check = this.turn.then(async () => timingSafeEqual(await this.hash(passphrase), await expected));
    this.turn = check.catch(() => false);
    return check;
  }

  private hash(passphrase: string): Promise<Buffer> {
    return derive(passphrase.normalize('NFC'), this.salt, HASH_BYTES, COST);
  }
}
