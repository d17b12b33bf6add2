/** Slots of a chain in a session, from the first that was to be collected. */
export interface SlotCounts {
  expected: number;
  captured: number;
  refused: number;
  backfilled: number;
  missed: number;
  unknownLegs: number;
}
