import type { Command } from 'commander';
import { createKey, deleteKey, type KeyOptions, listKeys, rotateKey, switchKey } from '../commands/keys.ts';
import { listAgencies, removeAgency, setAgency } from '../commands/agencies.ts';
import {
  addPlace,
  removePlace,
  listBuckets,
  listObjects,
  listStreamRecords,
  listStreams,
  type ObjectOptions,
} from '../commands/places.ts';
import { createTopic, listTopics, publish, removeTopic, subscribe } from '../commands/topics.ts';
import type { MakeSession } from '../session.ts';

/** Declares the commands for pub/sub topics. */
export function addTopicCommands(program: Command, session: MakeSession): void {
  const topics = program.command('topics').description('pub/sub topics');
  topics
    .command('list')
    .description('list all topics')
    .action(async () => listTopics(session()));
  topics
    .command('create')
    .argument('<name>')
    .option('--display <text>', 'display name')
    .description('create a topic')
    .action(async (name: string, options: { display?: string }) => createTopic(session(), name, options));
  topics
    .command('remove')
    .argument('<topic>', 'name or URN')
    .description('remove a topic and its subscriptions')
    .action(async (topic: string) => removeTopic(session(), topic));
  topics
    .command('subscribe')
    .argument('<topic>', 'name or URN')
    .argument('<protocol>', 'http, https or functionstage')
    .argument('<endpoint>', 'a URL, or the URN of a function')
    .description('send the messages of a topic to an endpoint')
    .action(async (topic: string, protocol: string, endpoint: string) => subscribe(session(), topic, protocol, endpoint));
  topics
    .command('publish')
    .argument('<topic>', 'name or URN')
    .argument('<message>')
    .option('--subject <text>')
    .description('publish a message')
    .action(async (topic: string, message: string, options: { subject?: string }) => publish(session(), topic, message, options));
}

/** Declares the commands for buckets and streams. */
export function addPlaceCommands(program: Command, session: MakeSession): void {
  const buckets = program
    .command('buckets')
    .description('list the buckets that policies may name')
    .action(async () => listBuckets(session()));
  buckets
    .command('objects')
    .argument('<bucket>')
    .description('list the objects of a bucket, the last keys first: the newest of a folder')
    .option('--prefix <text>', 'only keys that begin with it')
    .option('--limit <count>', 'at most 500', '20')
    .option('--after <marker>', 'the page after this marker')
    .action(async (bucket: string, options: ObjectOptions) => listObjects(session(), bucket, options));
  buckets
    .command('add')
    .argument('<bucket>')
    .description('let policies name a bucket')
    .action(async (bucket: string) => addPlace(session(), 'buckets', bucket, {}));
  buckets
    .command('remove')
    .argument('<bucket>')
    .description('remove a bucket from those that policies may name; its objects stay')
    .action(async (bucket: string) => removePlace(session(), 'buckets', bucket));
  const streams = program
    .command('streams')
    .description('list the streams that policies may name')
    .action(async () => listStreams(session()));
  streams
    .command('records')
    .argument('<stream>')
    .description('list the newest records of a stream')
    .option('--limit <count>', 'at most 100', '20')
    .action(async (stream: string, options: { limit: string }) => listStreamRecords(session(), stream, options));
  streams
    .command('add')
    .argument('<stream>')
    .option('--topic <topic>', 'the Kafka topic behind it; by default one of its own')
    .description('let policies name a stream')
    .action(async (stream: string, options: { topic?: string }) => addPlace(session(), 'streams', stream, options));
  streams
    .command('remove')
    .argument('<stream>')
    .description('remove a stream from those that policies may name; its records stay')
    .action(async (stream: string) => removePlace(session(), 'streams', stream));
}

/** Declares the commands for agencies. */
export function addAgencyCommands(program: Command, session: MakeSession): void {
  const agencies = program.command('agencies').description('the targets that functions may reach');
  agencies
    .command('list')
    .description('list all agencies with their grants')
    .action(async () => listAgencies(session()));
  agencies
    .command('set')
    .argument('<agency>', 'as --agency of functions deploy names it')
    .option('--grant <type=resource...>', "OBS, DIS, SMN or FunctionGraph, and a name or URN, as 'OBS=results' or 'DIS=*'")
    .description('set all grants of an agency; it is created if there is none of that name')
    .action(async (agency: string, options: { grant?: string[] }) => setAgency(session(), agency, options));
  agencies
    .command('remove')
    .argument('<agency>')
    .description('remove an agency; its functions reach no target any more')
    .action(async (agency: string) => removeAgency(session(), agency));
}

/** Declares the commands for access keys. */
export function addKeyCommands(program: Command, session: MakeSession): void {
  const keys = program.command('keys').description('access keys');
  keys
    .command('create')
    .description('create a key, and show its secret once')
    .requiredOption('--rights <rights>', 'invoke, read and manage, separated by commas')
    .option('--functions <patterns>', 'names, with * for any characters, or package:name', '*')
    .option('--agencies <patterns>', 'by default none for a key of some functions')
    .option('--topics <patterns>', 'by default none for a key of some functions')
    .option('--description <text>', 'what the key is for', '')
    .action(async (options: KeyOptions) => createKey(session(), options));
  keys
    .command('list')
    .description('list all keys, without secrets')
    .action(async () => listKeys(session()));
  for (const act of ['enable', 'disable'] as const)
    keys
      .command(act)
      .argument('<key>')
      .description(act === 'enable' ? 'accept its requests again' : 'reject its requests')
      .action(async (key: string) => switchKey(session(), key, act));
  keys
    .command('rotate')
    .argument('<key>')
    .option('--grace <seconds>', 'how long the old secret stays valid', '0')
    .description('create a new secret')
    .action(async (key: string, options: { grace: string }) => rotateKey(session(), key, options));
  keys
    .command('delete')
    .argument('<key>')
    .description('delete a key')
    .action(async (key: string) => deleteKey(session(), key));
}
