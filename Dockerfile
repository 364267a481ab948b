# Two images: `actuator`, the last one and so the default, and `demo-worker`, which docker-compose.yml shows it with.
FROM node:24.8.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The scripts build what is copied below; the `node` package among the development dependencies is this image's own Node.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json tsconfig.types.json ./
COPY src ./src
COPY scripts/build.ts ./scripts/
COPY scripts/build ./scripts/build
# As `npm run build` does.
RUN node scripts/build.ts

FROM node:24.8.0-bookworm-slim AS production-dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM build AS demo-worker
COPY examples/bloating-worker ./examples/bloating-worker
USER node
CMD ["node", "--expose-gc", "--import", "tidemark/register", "examples/bloating-worker/worker.js"]

FROM node:24.8.0-bookworm-slim AS actuator
# The program's threads seldom allocate at once: arenas of their own only keep what they have freed.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
WORKDIR /app
COPY --from=production-dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY collector-config ./collector-config
USER node
EXPOSE 4318
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT ?? 4318}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Some versions of Node give new objects 192 MiB.
CMD ["node", "--max-semi-space-size=8", "dist/cli.js", "actuator"]
