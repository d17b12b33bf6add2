import fc from 'fast-check';
import { deflateSync } from 'node:zlib';
import { canUnpack, unpacked } from '../../../client/lib/unpack.js';

const packed = (text: string): ArrayBuffer => new Uint8Array(deflateSync(text)).buffer;

describe('what came deflated', () => {
  it('should be what the server packed', async () => {
    expect(canUnpack).toBe(true);
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        const text = JSON.stringify(value);
        expect(await unpacked(packed(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([null, { seq: 3 }])('should be left as it is where it came as %j', async (value) => {
    expect(await unpacked(value)).toBe(value);
  });

  it('should be refused where a byte is damaged', async () => {
    const bytes = new Uint8Array(packed(JSON.stringify({ seq: 3, legs: 'x'.repeat(100) })));
    bytes[bytes.length - 1]! ^= 1;
    await expect(unpacked(bytes.buffer)).rejects.toThrow('incorrect data check');
    await expect(unpacked(packed('{"seq":'))).rejects.toThrow('Unexpected end of JSON');
  });
});
