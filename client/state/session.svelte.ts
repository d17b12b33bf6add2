import type { SessionInfo } from '../../server/protocol/index.js';
import type { Api } from '../api.js';
import { problemOf, type Problem } from '../lib/errors.js';

/** Who is signed in on this screen. */
export class Session {
  #info = $state.raw<SessionInfo | null>(null);
  #problem = $state.raw<Problem | null>(null);
  #busy = $state(false);
  /** Why the last sign-in ended; shown on the login page. */
  #farewell = $state<string | null>(null);

  constructor(
    private readonly api: Api,
    /** Sends the browser elsewhere. */
    private readonly go: (url: string) => void,
  ) {}

  /** `null` until the server has answered. */
  get info(): SessionInfo | null {
    return this.#info;
  }

  get signedIn(): boolean {
    return this.#info?.signedIn ?? false;
  }

  get problem(): Problem | null {
    return this.#problem;
  }

  get busy(): boolean {
    return this.#busy;
  }

  get farewell(): string | null {
    return this.#farewell;
  }

  load(): Promise<boolean> {
    return this.#try(async () => {
      this.#info = await this.api.session();
    });
  }

  /** OAuth: on success the page leaves for the broker's login. */
  login(apiKey: string, apiSecret: string): Promise<boolean> {
    return this.#try(async () =>
      this.go((await this.api.login(apiKey.trim(), apiSecret.trim())).redirectUrl),
    );
  }

  pasteToken(accessToken: string): Promise<boolean> {
    return this.#try(async () => {
      this.#info = await this.api.token(accessToken.trim());
      this.#farewell = null;
    });
  }

  /** The built-in demo market accepts this token. */
  enterDemo(): Promise<boolean> {
    return this.pasteToken('demo');
  }

  /** With the passphrase that the owner has set for viewers. */
  enterAsViewer(passphrase: string): Promise<boolean> {
    return this.#try(async () => {
      this.#info = await this.api.passphrase(passphrase);
      this.#farewell = null;
    });
  }

  signOut(): Promise<boolean> {
    return this.#try(async () => {
      await this.api.logout();
      await this.end('You are signed out.');
    });
  }

  /** The server ended the sign-in. */
  async end(message: string): Promise<void> {
    if (this.#info) this.#info = { ...this.#info, signedIn: false };
    this.#farewell = message;
    this.#info = await this.api.session().catch(() => this.#info);
  }

  /** @returns whether it worked; the problem is kept for the screen */
  async #try(work: () => Promise<void>): Promise<boolean> {
    this.#busy = true;
    this.#problem = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.#problem = problemOf(error);
      return false;
    } finally {
      this.#busy = false;
    }
  }
}
