import { Command, CommandRunner } from 'nest-commander';
import { ConfigError } from '../config/config-error.js';
import { configFromProcess } from '../config/load-config.js';
import { diagnose, type Finding } from './doctor/diagnose.js';
import { nodeVersion } from './doctor/node-version.js';

const MARKS: Record<Finding['state'], string> = { ok: 'ok     ', warn: 'note   ', bad: 'PROBLEM' };

/** Checks everything a working tracker needs and says in plain words what to do. Changes nothing. */
@Command({ name: 'doctor', description: 'Check Node, configuration, database, clock, broker and token' })
export class DoctorCommand extends CommandRunner {
  async run(): Promise<void> {
    const findings = [nodeVersion(process.versions.node), ...(await this.examine())];
    for (const { state, what, detail, advice } of findings) {
      console.log(`${MARKS[state]} ${what}: ${detail}`);
      if (advice) console.log(`        → ${advice}`);
    }
    const problems = findings.filter((finding) => finding.state === 'bad').length;
    console.log(problems === 0 ? 'All is well.' : `${problems} problem${problems === 1 ? '' : 's'}.`);
    if (problems > 0) process.exitCode = 1;
  }

  private async examine(): Promise<Finding[]> {
    try {
      const config = configFromProcess();
      return [{ state: 'ok', what: 'configuration', detail: 'valid' }, ...(await diagnose(config))];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      const advice = 'Mend these variables in the environment or in .env; the README lists them.';
      return [{ state: 'bad', what: 'configuration', detail: error.message, advice }];
    }
  }
}
