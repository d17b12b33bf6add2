import fc from 'fast-check';
import {
  ackPacket,
  binaryAckPacket,
  binaryFrame,
  eventText,
  firstFragment,
  lastFragment,
  messageText,
  passingFrame,
  textFrame,
} from '../../../server/gateway/fan-out-frame.js';

interface Frame {
  fin: boolean;
  opcode: number;
  payload: Buffer;
}

/** Reads unmasked frames as RFC 6455 §5.2 has them, and nothing else. */
function read(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const [first, second] = [bytes[at]!, bytes[at + 1]!];
    expect(first & 0x70).toBe(0);
    expect(second & 0x80).toBe(0);
    const header = second === 127 ? 10 : second === 126 ? 4 : 2;
    const length =
      header === 10
        ? Number(bytes.readBigUInt64BE(at + 2))
        : header === 4
          ? bytes.readUInt16BE(at + 2)
          : second;
    // The shortest form must be used.
    expect(header).toBe(length > 65_535 ? 10 : length > 125 ? 4 : 2);
    const payload = bytes.subarray(at + header, at + header + length);
    frames.push({ fin: (first & 0x80) !== 0, opcode: first & 0x0f, payload });
    at += header + length;
  }
  return frames;
}

const texts = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, 200_000).map((length) => 'x'.repeat(length)),
);

describe('a ready frame', () => {
  it.each([
    ['many readers', textFrame],
    ['one', passingFrame],
  ])('should be one whole text message of exactly the text, for %s', (_whom, framed) => {
    fc.assert(
      fc.property(texts, (text) => {
        const [frame, ...rest] = read(framed(text));
        expect(rest).toEqual([]);
        expect(frame).toMatchObject({ fin: true, opcode: 1 });
        expect(frame!.payload.toString()).toBe(text);
      }),
    );
  });

  it('should be one whole binary message of exactly the bytes', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.constantFrom(0, 125, 126, 65_535, 65_536, 200_000).map((length) => new Uint8Array(length).fill(7)),
    );
    fc.assert(
      fc.property(bytes, (content) => {
        const [frame, ...rest] = read(binaryFrame(content));
        expect(rest).toEqual([]);
        expect(frame).toMatchObject({ fin: true, opcode: 2 });
        expect(frame!.payload.equals(content)).toBe(true);
      }),
    );
  });

  it('should be one message when its parts are sent one after the other', () => {
    fc.assert(
      fc.property(texts, texts, (head, tail) => {
        const [first, last, ...rest] = read(Buffer.concat([firstFragment(head), lastFragment(tail)]));
        expect(rest).toEqual([]);
        expect([first?.fin, first?.opcode, last?.fin, last?.opcode]).toEqual([false, 1, true, 0]);
        expect(Buffer.concat([first!.payload, last!.payload]).toString()).toBe(head + tail);
      }),
    );
  });
});

it('should write events and acknowledgements as Socket.IO 5 over Engine.IO 4 does', () => {
  expect(eventText('chain:change', { seq: 2 })).toBe('42["chain:change",{"seq":2}]');
  expect(`${messageText(ackPacket(17))}[{"ok":true}]`).toBe('4317[{"ok":true}]');
  expect(messageText(binaryAckPacket(17))).toBe('461-17');
});
