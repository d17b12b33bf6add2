import type { SignInError, WireError } from '../../server/protocol/index.js';

/**
 * What went wrong, in words, and what to do. `unreachable`: no answer at all; `unreadable`: not our API's answer;
 * `part-missing`: a file of the page did not come.
 */
export type Problem = WireError | { code: 'unreachable' | 'unreadable' | 'part-missing'; message: string };

/** An HTTP call that did not work. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    readonly problem: Problem,
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
  ) {
    super(problem.message);
  }
}

/** Turns anything thrown into words. A fault of the page itself is named as such, not hidden. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ApiError) return error.problem;
  const text = error instanceof Error ? error.message : String(error);
  return { code: 'internal', message: `The page failed: ${text}` };
}

/** What browsers say, each in its own words, when the file of a part does not come. */
const NOT_COME = /(dynamically imported module|importing a module script failed)/i;

/** Why a part of the page that is fetched when it is needed is not there: its file did not come, or it is at fault. */
export function partProblem(error: unknown): Problem {
  if (!(error instanceof TypeError && NOT_COME.test(error.message))) return problemOf(error);
  return { code: 'part-missing', message: 'A part of this page could not be loaded.' };
}

const ADVICE: Partial<Record<Problem['code'], string>> = {
  'sign-in-needed': 'Sign in again.',
  'unknown-expiry': 'Choose another expiry above.',
  'unknown-underlying': 'Press / and search for the instrument.',
  'no-data': 'Choose another time or expiry, or wait for the next capture.',
  'too-many-requests': 'Wait a minute, then try again.',
  'wrong-passphrase': 'Ask the owner of this tracker for it.',
  'broker-unreachable':
    'Check the connection of the machine that runs the tracker. It tries again by itself.',
  'instruments-missing':
    'The list is imported on start; if it stays missing, run: npm run cli -- contracts import',
  unreachable: 'Check that the tracker is running, then try again.',
  'part-missing':
    'The tracker does not answer, or it was upgraded since this page was opened. Reload the page once it answers.',
  unreadable: 'Something other than the tracker answered. Check the address of this page.',
  internal: 'Try again. If it stays, the log of the server says more.',
};

/** What to do about a problem; `null` where the message says it all. */
export function advice(problem: Problem): string | null {
  return ADVICE[problem.code] ?? null;
}

const CALLBACK: Record<SignInError, string> = {
  denied: 'Upstox did not grant access. Sign in again and allow it.',
  state: 'The answer from Upstox did not belong to a sign-in started here, or came too late. Start again.',
  refused: 'Upstox refused the sign-in. Check the API key, the secret and the redirect URL of the app.',
  unreachable: 'Upstox did not answer. Try again in a minute.',
  'too-many-requests': 'Too many attempts. Wait a minute, then start again.',
  internal: 'The sign-in at Upstox did not work. Start again; if it stays, the log of the server says more.',
};

/** Words for the code that `/callback` puts into the address when a sign-in at the broker failed. */
export function callbackProblem(code: string): string {
  return Object.hasOwn(CALLBACK, code) ? CALLBACK[code as SignInError] : CALLBACK.internal;
}
