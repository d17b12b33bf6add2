const MAX_LENGTH = 160;
/** C0 and C1 controls, line separators and the marks that turn the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\u2028\u2029]+/gu;
const JWT = /eyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*){0,2}/g;
const BEARER = /bearer\s+\S+/gi;
/** From the last question mark before the first equals sign: looked for from each of many, it would take their square in time. */
const QUERY = /\?[^\s?=]*=\S*/g;

/**
 * Makes text from outside fit for a message on the screen and in the log: no control characters, bounded length, and
 * none of `secrets` (nor anything that looks like a token or a URL's query), since servers like to echo what they got.
 */
export function safeText(text: string, secrets: readonly string[] = []): string {
  let clean = text.slice(0, 20_000).replace(UNPRINTABLE, ' ');
  for (const secret of secrets) {
    if (secret.length === 0) continue;
    for (const form of [secret, encodeURIComponent(secret), formEncoded(secret)])
      clean = clean.replaceAll(form, '…');
  }
  clean = clean.replace(JWT, '…').replace(BEARER, '…').replace(QUERY, '?…').replace(/\s+/g, ' ').trim();
  return clean.length > MAX_LENGTH ? `${clean.slice(0, MAX_LENGTH - 1)}…` : clean;
}

/** As in a form's body: a space is `+`, and more is percent-encoded than in an address. */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

/**
 * The broker's codes are short words; anything else in their place is not shown, nor is a word that holds one of `secrets`.
 */
export function safeCode(code: unknown, secrets: readonly string[] = []): string | null {
  if (typeof code !== 'string' || !/^[A-Za-z0-9_-]{1,32}$/.test(code)) return null;
  return secrets.some((secret) => secret !== '' && code.includes(secret)) ? null : code;
}
