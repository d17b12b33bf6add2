export { type Call, CallLog, type PathKind } from './calls.js';
export { type Fault, FaultPlan } from './faults.js';
export { generatedMarket } from './generated/generated-market.js';
export type * from './market.js';
export { recordedMarket, type RecordedMarketFiles } from './recorded/recorded-market.js';
export { type Simulator, type SimulatorOptions, startSimulator } from './simulator.js';
export { DEMO_TOKEN } from './tokens.js';
