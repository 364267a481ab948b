import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { installedProgram } from '../../../scripts/installed-program.ts';

const VERSION = '4.1.1';
const JAVA = { name: 'java', aptPackage: 'default-jre-headless' };
const MAVEN = { name: 'mvn', aptPackage: 'maven' };

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>tidemark</groupId><artifactId>kafka</artifactId><version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version>
    </dependency>
  </dependencies>
</project>
`;

/** How Apache Kafka is started on this machine. */
export interface KafkaProgram {
  readonly java: string;
  /** The folder with Kafka's jars. */
  readonly jars: string;
}

/**
 * Apache Kafka from Maven Central (43 MB), fetched once and kept in the user's cache folder. Installs Java and Maven by
 * apt where they are missing; Maven is needed for that first fetch alone.
 */
export async function kafkaProgram(): Promise<KafkaProgram> {
  const java = await installedProgram(JAVA);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const jars = join(cache, 'tidemark', `kafka-${VERSION}`);
  if (!(await exists(jars))) await fetchJars(jars);
  return { java, jars };
}

async function fetchJars(target: string): Promise<void> {
  const maven = await installedProgram(MAVEN);
  await mkdir(dirname(target), { recursive: true });
  const work = await mkdtemp(join(tmpdir(), 'tidemark-kafka-jars-'));
  const fetched = await mkdtemp(`${target}-`);
  try {
    await writeFile(join(work, 'pom.xml'), POM);
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies';
    const child = spawn(maven, ['-q', '-B', goal, `-DoutputDirectory=${fetched}`], { cwd: work, stdio: 'pipe' });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`Maven could not fetch Apache Kafka ${VERSION}:\n${output}`);
    // In one step, so that nobody finds half of them. Another run may have been faster.
    await rename(fetched, target).catch(async (error) => {
      if (!(await exists(target))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
    await rm(fetched, { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
