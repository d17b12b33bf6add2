import { randomUUID } from 'node:crypto';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import type { Config } from '../config/config.js';
import { Allowance } from './allowance.js';
import { ApiError } from './api-error.js';
import { ApiExceptionFilter } from './api-exception.filter.js';
import { ClientAddress, isOwnMachine, limitKey } from './client-address.js';
import { hostAllowed, originAllowed } from './origin.js';
import { requestLog } from './request-log.js';

export { hostAllowed, originAllowed } from './origin.js';

export const BODY_LIMIT_BYTES = 16 * 1024;
/** Requests under /api of one address at once and a second, whoever is signed in there: an office behind one address. */
export const API_BURST_AN_ADDRESS = 3_000;
export const API_A_SECOND_AN_ADDRESS = 100;
const STATE_CHANGING = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/**
 * Everything between the network and the controllers: request id, security headers, Host and Origin checks, limits of
 * addresses and bodies, and the filter that shapes every error. Call it before `app.init()` or `app.listen()`.
 */
export function applySecurity(app: NestExpressApplication, config: Config): void {
  app.disable('x-powered-by');
  app.useGlobalFilters(new ApiExceptionFilter());
  app.use(nameRequest);
  const clients = new ClientAddress(config.http.trustedProxy);
  app.use(requestLog(clients));
  app.use(headers(config));
  app.use((request: Request, _response: Response, next: NextFunction) => next(refusal(request, config)));
  app.use('/api', neverStore);
  app.use('/api', limitAddress(clients));
  app.useBodyParser('json', { limit: BODY_LIMIT_BYTES, strict: true });
}

function nameRequest(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('X-Request-Id', randomUUID());
  next();
}

function neverStore(_request: Request, response: Response, next: NextFunction): void {
  response.setHeader('Cache-Control', 'no-store');
  next();
}

function limitAddress(clients: ClientAddress) {
  const allowance = new Allowance(API_BURST_AN_ADDRESS, API_A_SECOND_AN_ADDRESS);
  return (request: Request, response: Response, next: NextFunction): void => {
    const address = clients.of(request);
    if (!isOwnMachine(address)) allowance.take(limitKey(address), response);
    next();
  };
}

/** `'self'` in connect-src covers ws: and wss: of the same host and port (CSP 3). */
function headers(config: Config): ReturnType<typeof helmet> {
  const https = config.http.publicOrigin.startsWith('https:');
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    frameguard: { action: 'deny' },
    // With `no-referrer` browsers send `Origin: null` in some same-origin requests, which we would refuse.
    referrerPolicy: { policy: 'same-origin' },
    strictTransportSecurity: https ? { maxAge: 31_536_000, includeSubDomains: false } : false,
  });
}

/** Why a request is not answered at all; undefined lets it pass. */
function refusal(request: Request, config: Config): ApiError | undefined {
  if (!hostAllowed(request.headers.host, config))
    return new ApiError(403, 'forbidden', 'This server does not answer to that host name.');
  if (!STATE_CHANGING.has(request.method)) return undefined;
  if (!fromOwnPage(request, config))
    return new ApiError(403, 'forbidden', 'Requests from other sites are not accepted.');
  // A form of another site can post text or form data, but not JSON.
  if (hasBody(request) && !request.is('application/json'))
    return new ApiError(415, 'bad-request', 'The request body must be JSON.');
  return undefined;
}

/**
 * Browsers name the origin of every state-changing request (Origin, Sec-Fetch-Site). A request with neither is not a
 * browser's; it carries no cookie that its sender did not have.
 */
function fromOwnPage(request: Request, config: Config): boolean {
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  return origin === undefined || originAllowed(origin, host, config);
}

function hasBody(request: Request): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}
