import { Injectable } from '@nestjs/common';

/** Why a sign-in ended. `revoked`: replaced by a new sign-in of the same browser. */
export type SessionEndCode = 'signed-out' | 'expired' | 'revoked';

export interface SessionEnd {
  readonly idHash: string;
  readonly code: SessionEndCode;
}

/** Tells those who hold something open for a sign-in, such as sockets, that it has ended. */
@Injectable()
export class SessionEvents {
  private readonly listeners = new Set<(end: SessionEnd) => void>();

  /** @returns what stops the listening. */
  onEnd(listener: (end: SessionEnd) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(end: SessionEnd): void {
    for (const listener of [...this.listeners]) listener(end);
  }
}
