import type { Component } from 'svelte';
import { Api } from '../api.js';
import { Session } from './session.svelte.js';
import { Settings } from './settings.svelte.js';
import type { Surroundings, Tracker } from './tracker.svelte.js';

export const RETRY_MS = 3_000;

/** What stands behind the sign-in. */
export interface Workspace {
  tracker: Tracker;
  Screen: Component<{ tracker: Tracker }>;
}

type Around = Omit<Surroundings, 'socket'>;

/**
 * The part of the page that loads first: who is signed in, and the settings that the first paint needs. All the rest is
 * fetched when someone is signed in, so that the login page costs little.
 */
export class Entrance {
  readonly api: Api;
  readonly settings: Settings;
  readonly session: Session;
  #workspace = $state.raw<Workspace | null>(null);
  #missing = $state.raw<unknown>(null);

  constructor(
    private readonly around: Around,
    /** Fetches what makes the workspace. Rejects when it does not come. */
    private readonly fetchWorkspace: () => Promise<(entrance: Entrance) => Workspace>,
  ) {
    this.api = new Api(around.fetch);
    this.settings = new Settings(around.storage);
    this.session = new Session(this.api, around.go);
  }

  /** `null` until it has come. */
  get workspace(): Workspace | null {
    return this.#workspace;
  }

  /** Why the workspace did not come, as it was thrown; else `null`. */
  get missing(): unknown {
    return this.#missing;
  }

  /** Asks who is signed in; goes on asking while the server is not there. */
  async start(): Promise<void> {
    // Who has looked at a chain here, or follows a link to one, is most likely signed in still: both are asked for at once.
    if (this.settings.data.lastRoute !== '' || this.around.hash() !== '') this.prefetch();
    const answered = await this.session.load();
    if (!answered) return this.around.later(() => void this.start(), RETRY_MS);
    if (this.session.signedIn) await this.enter();
  }

  /** Fetches the workspace ahead. When it does not come, `enter` asks for it again and says so. */
  prefetch(): void {
    void Promise.allSettled([this.fetchWorkspace()]);
  }

  /** After a sign-in: opens the workspace. */
  async enter(): Promise<void> {
    const workspace = await this.#open();
    await workspace?.tracker.enter();
  }

  /** @returns `null` when it could not be fetched; `missing` says why */
  async #open(): Promise<Workspace | null> {
    this.#missing = null;
    try {
      const make = await this.fetchWorkspace();
      this.#workspace ??= make(this);
    } catch (error) {
      this.#missing = error;
    }
    return this.#workspace;
  }
}
