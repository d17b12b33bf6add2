import type { ExpiryInfo } from '../../server/protocol/index.js';

/** `W · expires today`, `M · 7 d`, `3 d` where the broker's list does not say whether it is a weekly. */
export function expiryMark(info: ExpiryInfo): string {
  const kind = info.weekly === null ? '' : info.weekly ? 'W · ' : 'M · ';
  if (info.daysToExpiry === 0) return `${kind}expires today`;
  return info.daysToExpiry < 0 ? `${kind}expired` : `${kind}${info.daysToExpiry} d`;
}

/** The same in words, for a screen reader. */
export function expiryWords(info: ExpiryInfo): string {
  const kind = info.weekly === null ? 'expiry' : info.weekly ? 'weekly expiry' : 'monthly expiry';
  if (info.daysToExpiry === 0) return `${kind}, expires today`;
  return info.daysToExpiry === 1 ? `${kind}, 1 day left` : `${kind}, ${info.daysToExpiry} days left`;
}
