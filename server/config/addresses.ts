import { isIP } from 'node:net';

/** The broker's own hosts. Any other API host is a simulator, and the screen says so. */
export const BROKER_API_URL = 'https://api.upstox.com';
export const BROKER_ASSETS_URL = 'https://assets.upstox.com';

/** Whether a host name (no port; IPv6 with or without brackets) is this machine: localhost, 127.0.0.0/8 or ::1. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  return name === 'localhost' || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Whether the address is not the broker's own, so that a simulator answers. */
export function isSimulated(apiUrl: string): boolean {
  return new URL(apiUrl).hostname !== new URL(BROKER_API_URL).hostname;
}

/** Whether the text is an IP address or a network in CIDR notation. One of all addresses is none: it would trust everybody. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || address.includes('%')) return false;
  if (bits === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128);
}
