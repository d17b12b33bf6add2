import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { TokenVault, VaultError } from '../../../server/auth/token-vault.js';

const vault = new TokenVault(randomBytes(32));

describe('S10, S11 TokenVault', () => {
  it('should give back what was sealed', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (plain, row) => {
        expect(vault.open(vault.seal(plain, row), row)).toBe(Buffer.from(plain).toString());
      }),
    );
  });

  it('should refuse any flipped bit of ciphertext, tag or nonce', () => {
    const sealed = vault.seal('token', 'row');
    for (const part of ['cipher', 'nonce'] as const)
      for (let bit = 0; bit < sealed[part].length * 8; bit += 1) {
        const bytes = Buffer.from(sealed[part]);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(() => vault.open({ ...sealed, [part]: bytes }, 'row')).toThrow(VaultError);
      }
  });

  it('should refuse the bytes of another row', () => {
    expect(() => vault.open(vault.seal('token', 'broker_token:1:A'), 'broker_token:2:A')).toThrow(VaultError);
  });

  it('should refuse another key, and say so without the content', () => {
    const other = new TokenVault(randomBytes(32));
    expect(() => other.open(vault.seal('s3cret', 'row'), 'row')).toThrow(/^sealed with another key/);
  });

  it('should refuse bytes that are too short, a short tag included', () => {
    const sealed = vault.seal('token', 'row');
    for (const length of [0, 4, 15, 20])
      expect(() => vault.open({ ...sealed, cipher: sealed.cipher.subarray(0, length) }, 'row')).toThrow(
        VaultError,
      );
    expect(() => vault.open({ ...sealed, nonce: Buffer.alloc(0) }, 'row')).toThrow(VaultError);
  });

  it('should use another nonce every time', () => {
    const nonces = Array.from({ length: 1000 }, () => vault.seal('token', 'row').nonce.toString('hex'));
    expect(new Set(nonces).size).toBe(1000);
  });

  it('should want a key of 32 bytes', () => {
    expect(() => new TokenVault(randomBytes(16))).toThrow(RangeError);
  });
});
