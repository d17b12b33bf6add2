import { Command, CommandRunner, SubCommand } from 'nest-commander';
import type { StoredToken } from '../auth/broker-token.store.js';
import { UnattendedTokens } from '../auth/unattended-tokens.js';
import { isoIst } from '../domain/slot.js';
import { withCore } from './core-context.js';
import { readSecret } from './read-secret.js';

/** How much of an id is shown, and enough to name a token. */
const SHORT_ID = 8;

/** The token comes from stdin: arguments are visible to everybody on the machine and stay in the shell's history. */
@SubCommand({
  name: 'add',
  description: 'Give the server an access token or Analytics Token, read from standard input',
})
export class TokenAddCommand extends CommandRunner {
  async run(args: string[]): Promise<void> {
    if (args.length > 0)
      throw new Error(
        'The token is read from standard input, never from the command line: it would be seen there.',
      );
    const typed = await readSecret('Access token (it is not shown): ');
    const stored = await withCore((core) => core.get(UnattendedTokens).add(typed));
    console.log(`Accepted by the broker and stored: ${line(stored)}`);
    console.log('A running server uses it within a minute.');
  }
}

@SubCommand({
  name: 'list',
  description: 'Stored broker tokens: whose, from where, until when; never the token',
})
export class TokenListCommand extends CommandRunner {
  async run(): Promise<void> {
    const tokens = await withCore((core) => core.get(UnattendedTokens).list());
    for (const token of tokens) console.log(line(token));
    if (tokens.length === 0) console.log('No token is stored.');
  }
}

@SubCommand({ name: 'remove', arguments: '<id>', description: 'Remove a stored token by its id (see list)' })
export class TokenRemoveCommand extends CommandRunner {
  async run([id]: string[]): Promise<void> {
    const removed = await withCore((core) => core.get(UnattendedTokens).remove(id ?? ''));
    console.log(`Removed: ${line(removed)}`);
    console.log(
      'A running server stops using it within a minute. At Upstox it stays valid until it ends there.',
    );
  }
}

function line({ id, userId, method, createdAt, expiresAt, deadReason }: StoredToken): string {
  const end = expiresAt === null ? 'until the broker says no' : `until ${isoIst(expiresAt)}`;
  const state = deadReason === null ? end : `out of use: ${deadReason}`;
  return `${id.slice(0, SHORT_ID)}  ${userId}  ${method}  since ${isoIst(createdAt)}  ${state}`;
}

@Command({
  name: 'token',
  description: 'Broker tokens of a server without people: add, list, remove',
  subCommands: [TokenAddCommand, TokenListCommand, TokenRemoveCommand],
})
export class TokenCommand extends CommandRunner {
  async run(): Promise<void> {
    this.command.help();
  }
}
