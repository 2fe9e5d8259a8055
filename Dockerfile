# An image of `nearfold serve`:
#   docker build -t nearfold .
#   docker run -p 127.0.0.1:8080:8080 -v "$PWD/my-model:/models/model:ro" nearfold
# Nothing is fetched when it starts: the model is mounted, or copied into an image that begins FROM this one.
ARG NODE=node:24.21.0-slim

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Scripts of packages would fetch what a server on CPUs never loads.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.ts scripts/
COPY src src
# Of ONNX Runtime's libraries, one is for this machine.
RUN node scripts/build.ts \
    && npm prune --omit=dev --ignore-scripts \
    && find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 -type d \
        ! -path "*/linux/$(node -p process.arch)" -exec rm -r {} +

FROM ${NODE}
# A name on the Hub is looked up in the cache alone.
ENV NODE_ENV=production HF_HUB_OFFLINE=1
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# The image's user "node": by number, so that Kubernetes sees that it is not root.
USER 1000:1000
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:8080/livez').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/cli/main.js"]
CMD ["serve", "/models/model", "--host", "0.0.0.0", "--port", "8080", "--log", "json"]
