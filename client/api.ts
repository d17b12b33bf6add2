import type {
  ErrorBody,
  ExpiryInfo,
  LoginAnswer,
  QualityReport,
  SessionInfo,
  Table,
  UnderlyingInfo,
} from '../server/protocol/index.js';
import { ApiError } from './lib/errors.js';

export type Fetch = (path: string, init?: RequestInit) => Promise<Response>;

/** The tracker's HTTP API, typed. Every method throws `ApiError`. */
export class Api {
  constructor(private readonly fetch: Fetch) {}

  session(): Promise<SessionInfo> {
    return this.get('/api/auth/session');
  }

  /** Starts OAuth; the browser then goes to `redirectUrl`. Empty where the server has its own key and secret. */
  login(apiKey: string, apiSecret: string): Promise<LoginAnswer> {
    return this.post('/api/auth/login', apiKey || apiSecret ? { apiKey, apiSecret } : {});
  }

  token(accessToken: string): Promise<SessionInfo> {
    return this.post('/api/auth/token', { accessToken });
  }

  passphrase(passphrase: string): Promise<SessionInfo> {
    return this.post('/api/auth/passphrase', { passphrase });
  }

  async logout(): Promise<void> {
    await this.post('/api/auth/logout', {});
  }

  underlyings(): Promise<UnderlyingInfo[]> {
    return this.get('/api/underlyings');
  }

  expiries(key: string): Promise<ExpiryInfo[]> {
    return this.get(`/api/underlyings/${encodeURIComponent(key)}/expiries`);
  }

  /** The table as it stood at an instant (epoch ms). */
  tableAt(key: string, expiry: string, at: number): Promise<Table> {
    return this.get(`${chainPath(key, expiry)}/table?at=${encodeURIComponent(new Date(at).toISOString())}`);
  }

  quality(date: string): Promise<QualityReport> {
    return this.get(`/api/quality?date=${encodeURIComponent(date)}`);
  }

  private get<T>(path: string): Promise<T> {
    return this.call<T>(path, { headers: { accept: 'application/json' } });
  }

  private post<T>(path: string, body: object): Promise<T> {
    const headers = { accept: 'application/json', 'content-type': 'application/json' };
    return this.call<T>(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  private async call<T>(path: string, init: RequestInit): Promise<T> {
    const response = await this.fetch(path, init).catch((error: unknown) => {
      throw new ApiError({ code: 'unreachable', message: `The tracker did not answer (${text(error)}).` }, 0);
    });
    const body = await readJson(response);
    if (response.ok) return body as T;
    if (isErrorBody(body)) throw new ApiError(body.error, response.status);
    throw new ApiError(
      { code: 'unreadable', message: `Unexpected answer ${response.status}.` },
      response.status,
    );
  }
}

/** Address of a chain's table as CSV; `at` epoch ms for a past one. */
export function csvHref(key: string, expiry: string, at: number | null): string {
  const query = at === null ? '' : `?at=${encodeURIComponent(new Date(at).toISOString())}`;
  return `${chainPath(key, expiry)}/table.csv${query}`;
}

function chainPath(key: string, expiry: string): string {
  return `/api/chains/${encodeURIComponent(key)}/${expiry}`;
}

async function readJson(response: Response): Promise<unknown> {
  const body = await response.text();
  if (body === '') return null;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    throw new ApiError(
      { code: 'unreadable', message: `The answer (${response.status}) was not JSON.` },
      response.status,
    );
  }
}

function isErrorBody(body: unknown): body is ErrorBody {
  const error = (body as Partial<ErrorBody> | null)?.error;
  return typeof error?.code === 'string' && typeof error.message === 'string';
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
