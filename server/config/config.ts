/** The reverse proxies in front: so many in a row, or those of these networks (`192.0.2.0/24`, `2001:db8::/32`). */
export type TrustedProxy = { readonly hops: number } | { readonly networks: readonly string[] };

/**
 * The whole configuration, validated once at start and frozen. Injected; nobody else reads the environment.
 * Printed or turned into JSON it shows no secret, see redact.ts.
 */
export interface Config {
  readonly http: {
    readonly host: string;
    readonly port: number;
    /** `Host` headers answered besides loopback names and `host`: taken from the redirect URI. */
    readonly publicOrigin: string;
    /** Whose word on where a request comes from is taken; `null` = nobody's. */
    readonly trustedProxy: TrustedProxy | null;
    /** Connections that one address may hold at once; this machine's own are not counted. */
    readonly connectionsPerAddress: number;
  };
  readonly database:
    { readonly kind: 'sqlite'; readonly file: string } | { readonly kind: 'postgres'; readonly url: string };
  readonly redisUrl: string | null;
  readonly upstox: {
    readonly apiUrl: string;
    readonly loginUrl: string;
    readonly assetsUrl: string;
    readonly clientId: string | null;
    readonly clientSecret: string | null;
    readonly redirectUri: string;
    readonly accessToken: string | null;
    /** The addresses are not the broker's own: a simulator answers, and the screen says so. */
    readonly simulated: boolean;
  };
  /** Seed of the key that encrypts broker tokens; `null` = a generated key file beside the database. */
  readonly secret: string | null;
  /** Lets people without a broker account look; `null` = nobody. */
  readonly viewerPassphrase: string | null;
  /** Minutes older than so many days are deleted at night; 0 = kept for ever. */
  readonly retentionDays: number;
  /** Underlyings (symbol or key) whose nearest expiry is always collected. */
  readonly pinned: readonly string[];
  /** Whether the near month of the whole market is swept each minute, beside the watched chains. */
  readonly marketSweep: boolean;
  /** A clock of its own, for a simulated market. `since`: the real moment at which it stood at `start`; `null` = as it starts. */
  readonly clock: { readonly start: number | null; readonly rate: number; readonly since: number | null };
}

/** DI token of the configuration. */
export const CONFIG = Symbol('CONFIG');
