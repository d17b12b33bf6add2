/** Version of the product, as `package.json` has it (a test compares them). */
export const VERSION = '0.1.0';

/** Sent with every call: the broker's front end answers 403 to clients that do not name themselves. */
export const USER_AGENT = `OI-Tracker/${VERSION}`;
