import { BadInputError } from '../model/errors.ts';
import { BODY_LIMITS } from './limits.ts';
import { ProtobufDecoder } from './otlp/otlp-protobuf.ts';
import type { Vocabulary } from './otlp/vocabulary.ts';
import type { DecodedRequest } from './points/request-fold.ts';

/**
 * Reads records of the Kafka topic: OTLP as the Collector writes it with `collector-config/kafka.yaml`. The resource is
 * app and process type, and each scope names its process. What it returns throws `BadInputError` for anything else; its
 * argument is null for a record without content. A record's points of jobs are good until the next one is read.
 */
export function createRecordDecoder(vocabulary: Vocabulary): (value: Buffer | null) => DecodedRequest {
  const decoder = new ProtobufDecoder(vocabulary, 'scope');
  const { maxDecodedBytes } = BODY_LIMITS;
  return (value) => {
    if (value === null || value.length === 0) throw new BadInputError('It is empty.');
    if (value.length > maxDecodedBytes)
      throw new BadInputError(`It has ${value.length} bytes, more than ${maxDecodedBytes}.`);
    return decoder.decode(value);
  };
}
