import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
export const VAULT_KEY_BYTES = 32;

export interface Sealed {
  /** Ciphertext followed by the 16-byte tag. */
  readonly cipher: Buffer;
  readonly nonce: Buffer;
}

/** What was sealed cannot be opened: another key, a changed byte, or the bytes of another row. */
export class VaultError extends Error {
  override readonly name = 'VaultError';
}

/** AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for each value. */
export class TokenVault {
  constructor(private readonly key: Buffer) {
    if (key.length !== VAULT_KEY_BYTES) throw new RangeError('the vault key must have 32 bytes');
  }

  /** @param row identity of the row that the bytes belong to: they cannot be opened as another row's. */
  seal(plain: string, row: string): Sealed {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, this.key, nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(Buffer.from(row));
    const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
    return { cipher: Buffer.concat([body, cipher.getAuthTag()]), nonce };
  }

  /** @throws VaultError; nothing of the content is given out unless all of it is authentic. */
  open(sealed: Sealed, row: string): string {
    const { cipher, nonce } = sealed;
    // A damaged SQLite row can hold text in a column of bytes.
    const bytes = Buffer.isBuffer(cipher) && Buffer.isBuffer(nonce);
    if (!bytes || cipher.length < TAG_BYTES || nonce.length !== NONCE_BYTES)
      throw new VaultError('not a sealed value');
    const split = cipher.length - TAG_BYTES;
    const opener = createDecipheriv(ALGORITHM, this.key, nonce, { authTagLength: TAG_BYTES });
    opener.setAAD(Buffer.from(row));
    opener.setAuthTag(cipher.subarray(split));
    try {
      return Buffer.concat([opener.update(cipher.subarray(0, split)), opener.final()]).toString('utf8');
    } catch {
      // Node's error says no more than that authentication failed.
      throw new VaultError('sealed with another key, or changed since');
    }
  }
}
