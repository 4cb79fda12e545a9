export { Arrivals } from './arrivals.ts';
export { aZip, type ZipEntry, zipOf } from './a-zip.ts';
export { aDelivery, aFunction, anInvocation, aPolicy, aPublication, aSettlement, builtAt, builtUrn } from './builders.ts';
export { eventually } from './eventually.ts';
export { testSigner, testVerifier } from './keys.ts';
export { ManualClock } from './manual-clock.ts';
export { asIncoming, inHand, RecordingPublisher } from './records.ts';
export { ScriptedBrokers } from './scripted-brokers/scripted-brokers.ts';
export { NotedActs } from './noted-acts.ts';
