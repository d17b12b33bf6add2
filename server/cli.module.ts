import { Module } from '@nestjs/common';
import { BackupCommand, RestoreCommand } from './commands/backup.command.js';
import { ContractsCommand, ContractsImportCommand } from './commands/contracts.command.js';
import { DaysCommand, DaysExportCommand, DaysImportCommand } from './commands/days.command.js';
import { DemoCommand } from './commands/demo.command.js';
import { DoctorCommand } from './commands/doctor.command.js';
import { SimulateCommand } from './commands/simulate.command.js';
import {
  TokenAddCommand,
  TokenCommand,
  TokenListCommand,
  TokenRemoveCommand,
} from './commands/token.command.js';

/** The commands. Each that needs the core opens it itself, see commands/core-context.ts. */
@Module({
  providers: [
    BackupCommand,
    RestoreCommand,
    ContractsCommand,
    ContractsImportCommand,
    DaysCommand,
    DaysImportCommand,
    DaysExportCommand,
    DemoCommand,
    DoctorCommand,
    SimulateCommand,
    TokenCommand,
    TokenAddCommand,
    TokenListCommand,
    TokenRemoveCommand,
  ],
})
export class CliModule {}
