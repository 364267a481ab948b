import 'tidemark/register';
import 'reflect-metadata';
import { BullModule, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Job } from 'bullmq';

@Processor('mail', { concurrency: 5 })
class MailProcessor extends WorkerHost {
  readonly #sent: Buffer[] = [];

  async process(): Promise<void> {
    this.#sent.push(Buffer.alloc(2_000_000, 1));
  }

  @OnWorkerEvent('completed')
  completed(job: Job): void {
    console.log(`${job.name} done`);
  }
}

const connection = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', maxRetriesPerRequest: null };

@Module({
  imports: [BullModule.forRoot({ connection }), BullModule.registerQueue({ name: 'mail' })],
  providers: [MailProcessor],
})
class AppModule {}

async function main(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error', 'warn'] });
  // At SIGTERM Nest closes the workers, which delivers the last points, and ends the process by the same signal.
  app.enableShutdownHooks();
}

void main();
