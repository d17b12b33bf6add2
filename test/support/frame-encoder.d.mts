import type { ChangeFrame, Table } from '../../server/protocol/index.js';

export declare function encodeFrame(from: Table, to: Table): ChangeFrame;
