import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Clock } from '../clock/clock.js';
import { parseBody, tokenBody } from './auth-input.js';
import { BrokerTokenStore, type StoredToken } from './broker-token.store.js';
import { TokenCheck } from './token-check.js';

/** Tokens that the owner gives to the server from the command line, so that it collects without people. */
@Injectable()
export class UnattendedTokens {
  constructor(
    private readonly store: BrokerTokenStore,
    private readonly check: TokenCheck,
    private readonly clock: Clock,
  ) {}

  /**
   * Checks a token with the broker and stores it sealed. A running server takes it up at its next re-reading.
   * @throws ApiError, BrokerError as `TokenCheck.check` does; nothing is stored then.
   */
  async add(typed: string): Promise<StoredToken> {
    const message = 'That is not an access token: it is one line, without blanks.';
    const { accessToken } = parseBody(tokenBody, { accessToken: typed }, message);
    const { token } = await this.check.check(accessToken);
    const { tokens } = await this.store.living();
    const known = tokens.find((entry) => entry.accessToken === accessToken);
    const id = known?.id ?? randomUUID();
    if (known) await this.store.giveToServer(id);
    else await this.store.insert({ ...token, id, method: 'cli' }, this.clock.now());
    const stored = (await this.store.list()).find((entry) => entry.id === id);
    if (!stored) throw new Error('The token was written but cannot be read back.');
    return stored;
  }

  list(): Promise<StoredToken[]> {
    return this.store.list();
  }

  /**
   * Removes a stored token, whoever brought it.
   * @param id the whole id, or its beginning where only one has it.
   * @throws Error in words when none or several match.
   */
  async remove(id: string): Promise<StoredToken> {
    const matches = (await this.store.list()).filter((token) => id !== '' && token.id.startsWith(id));
    const [token] = matches;
    if (!token || matches.length > 1)
      throw new Error(matches.length === 0 ? `There is no token ${id}.` : `Several tokens begin with ${id}.`);
    await this.store.remove(token.id);
    return token;
  }
}
