import { Module } from '@nestjs/common';
import { NamesModule } from '../names/names.module.ts';
import { Purger } from './purger.ts';
import { SteeringController } from './steering.controller.ts';

/** Acts of an operator on the invocations of a function. */
@Module({ imports: [NamesModule], controllers: [SteeringController], providers: [Purger] })
export class SteeringModule {}
