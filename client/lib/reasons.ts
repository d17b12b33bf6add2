import type { BuildUp, UnknownReason } from '../../server/protocol/index.js';
import { istMinute } from './time.js';

/** Why a change is not known, in words for a trader. `minutes` = the window, `slot` = the slot of the table. */
export function reasonText(reason: UnknownReason, minutes: number, slot: number): string {
  const base = istMinute(slot - minutes * 60_000);
  switch (reason) {
    case 'oi-unknown':
      return `The broker gave no open interest for this contract at ${istMinute(slot)}.`;
    case 'no-history':
      return `Nothing was recorded in this session at or before ${base}, so a ${minutes}-minute window has no start.`;
    case 'gap':
      return `No capture near ${base}: the recording has a gap there. Nothing is guessed across it.`;
    case 'base-unknown':
      return `The broker gave no open interest for this contract at ${base}.`;
    case 'not-listed':
      return `This contract was not in the broker's list at ${base}.`;
  }
}

/** Build-up in words: what the leg's own premium and OI did over the window. */
export const BUILD_UP_TEXT: Record<BuildUp, string> = {
  LB: 'long build-up: price up, OI up',
  SB: 'short build-up: price down, OI up',
  SC: 'short covering: price up, OI down',
  LU: 'long unwinding: price down, OI down',
  flat: 'no clear build-up: price or OI hardly moved',
};
