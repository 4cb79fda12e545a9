import { Module } from '@nestjs/common';
import { FunctionNames } from './function-names.ts';
import { TopicNames } from './topic-names.ts';

/** Finds the functions and topics that requests name. */
@Module({ providers: [FunctionNames, TopicNames], exports: [FunctionNames, TopicNames] })
export class NamesModule {}
