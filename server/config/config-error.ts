/** The configuration is not usable. Each problem is one line that starts with the variable's name. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  /** @param problems such as `PORT: must be a whole number from 0 to 65535`; never holds a secret's value. */
  constructor(readonly problems: readonly string[]) {
    super(['The configuration is not usable:', ...problems.map((line) => `  ${line}`)].join('\n'));
  }
}
