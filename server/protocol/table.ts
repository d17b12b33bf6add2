/** The delta table is the domain's own shape; the wire adds nothing to it. */
export type {
  BuildUp,
  Change,
  DayChange,
  Leg,
  Row,
  Table,
  Totals,
  Underlying,
  UnknownReason,
} from '../domain/delta-table.js';
