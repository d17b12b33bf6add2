import { Agent, request } from 'node:http';
import fc from 'fast-check';
import type { Answer } from './fort.js';
import type { Route } from './routes.js';

export interface AnyRequest {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | Buffer | null;
}

/** What the handlers look for, and what must not be looked for in a request. */
const QUERIES = [
  'at',
  'window',
  'date',
  'code',
  'state',
  'error',
  '__proto__',
  'at[]',
  'window[a]',
  'toString',
];
const FIELDS = ['accessToken', 'apiKey', 'apiSecret', 'passphrase', '__proto__', 'constructor'];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'];
const HEADERS = ['range', 'accept', 'if-none-match', 'if-modified-since', 'origin', 'referer'].concat(
  [
    'x-forwarded-for',
    'x-forwarded-host',
    'authorization',
    'x-http-method-override',
    'upgrade-insecure-requests',
  ],
  ['sec-fetch-site', 'accept-encoding', 'content-encoding', 'te', 'via', 'x-request-id'],
);
const TYPES = ['application/json; charset=\xff', 'text/plain', 'application/x-www-form-urlencoded', 'a', ''];
const TELLING = [
  '1',
  '0',
  '-1',
  '9999',
  '2026-08-18',
  '2026-02-30',
  '2026-08-18T10:30:00+05:30',
  '%',
  '..',
  "'",
];

/** What Node's own client would refuse to send is left out: header values are Latin-1 without controls. */
const headerValue = fc
  .string({ unit: 'binary', maxLength: 40 })
  .map((text) => text.replace(/[^\x20-\xff]|\x7f/g, ''));
const word = fc.oneof(fc.string({ unit: 'binary', maxLength: 20 }), fc.constantFrom(...TELLING));
const encoded = word.map((text) => encodeURIComponent(Buffer.from(text).toString()));
/** As it is: percent signs that encode nothing, slashes, dots. */
const bare = word.map((text) => text.replace(/[^\x21-\x7e]/g, '%'));
const piece = fc.oneof(encoded, bare);
const query = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...QUERIES), piece), piece), { maxLength: 4 })
  .map((pairs) => (pairs.length === 0 ? '' : `?${pairs.map((pair) => pair.join('=')).join('&')}`));

/** A path of a route, now and then with a segment of another kind or with more of them. */
const pathOf = (route: Route): fc.Arbitrary<string> =>
  fc
    .tuple(fc.nat(5), fc.option(piece, { freq: 2 }), fc.option(piece, { freq: 8 }), query)
    .map(([at, other, more, asked]) => {
      const segments = route.path.split('/');
      if (other !== null && at > 0 && at < segments.length) segments[at] = other;
      if (more !== null) segments.push(more);
      return segments.join('/') + asked;
    });

const fields = fc.dictionary(fc.constantFrom(...FIELDS), fc.oneof(fc.string(), fc.jsonValue()), {
  maxKeys: 3,
});
const body = fc.oneof(
  { weight: 4, arbitrary: fields.map((one) => JSON.stringify(one)) },
  { weight: 2, arbitrary: fc.json() },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes)) },
);

/**
 * Any request that a client can send to any of the routes. Those with a chance to get past the first look are frequent:
 * the right method, JSON, the cookie of a session.
 */
export function anyRequest(routes: readonly Route[], cookie: string): fc.Arbitrary<AnyRequest> {
  return fc.constantFrom(...routes).chain((route) => {
    // A session that signs out by a request of chance would leave the rest of the cases outside.
    const own = route.path.includes('logout') ? headerValue : fc.constant(cookie);
    const cookies = fc.oneof({ weight: 3, arbitrary: own }, { weight: 1, arbitrary: headerValue });
    const type = fc.oneof(
      { weight: 5, arbitrary: fc.constant('application/json') },
      { weight: 1, arbitrary: fc.constantFrom(...TYPES) },
    );
    const method = fc.oneof(
      { weight: 4, arbitrary: fc.constant(route.method) },
      { weight: 1, arbitrary: fc.constantFrom(...METHODS) },
    );
    const extra = fc.dictionary(fc.constantFrom(...HEADERS), headerValue, { maxKeys: 2 });
    return fc
      .tuple(method, pathOf(route), fc.option(cookies, { freq: 4 }), type, extra, body)
      .map(([how, path, sent, contentType, others, text]): AnyRequest => {
        const carries = !['GET', 'HEAD', 'OPTIONS'].includes(how);
        const headers = { ...others, ...(sent === null ? {} : { cookie: sent }) };
        return {
          ...{ method: how, path },
          headers: carries ? { ...headers, 'content-type': contentType } : headers,
          body: carries ? text : null,
        };
      });
  });
}

/** Sends requests over connections that are kept. @returns with `close` to end them */
export function keptConnections(port: number) {
  const agent = new Agent({ keepAlive: true });
  const send = (one: AnyRequest, from: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const { method, path, body: payload } = one;
      const length = payload === null ? {} : { 'content-length': String(Buffer.byteLength(payload)) };
      const headers = { ...one.headers, ...length };
      const options = { host: '127.0.0.1', localAddress: from, port, method, path, headers, agent };
      const outgoing = request(options, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            ...{ status: incoming.statusCode ?? 0, headers: incoming.headers },
            text: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(payload ?? undefined);
    });
  return { send, close: () => agent.destroy() };
}
