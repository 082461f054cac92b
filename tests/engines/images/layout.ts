/**
 * Images as the OCI image specification lays them out in a directory.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";

const MEDIA = "application/vnd.oci.image";

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** SHA-256 as images write it. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

/** A directory of images. */
export class Layout {
  /** Its path. */
  readonly path: string;

  /** Names a directory that may be missing. */
  constructor(path: string) {
    this.path = path;
  }

  #blobPath(digest: string): string {
    return `${this.path}/blobs/${digest.replace(":", "/")}`;
  }

  #put(mediaType: string, bytes: Uint8Array): Descriptor {
    const digest = digestOf(bytes);
    Deno.writeFileSync(this.#blobPath(digest), bytes);
    return { mediaType, digest, size: bytes.length };
  }

  #putJson(mediaType: string, value: unknown): Descriptor {
    return this.#put(
      mediaType,
      new TextEncoder().encode(JSON.stringify(value)),
    );
  }

  /** Writes an image of uncompressed layers, the lowest first. */
  write(tag: string, layers: readonly Uint8Array[]): void {
    Deno.mkdirSync(`${this.path}/blobs/sha256`, { recursive: true });
    const config = this.#putJson(`${MEDIA}.config.v1+json`, {
      architecture: "amd64",
      os: "linux",
      config: {},
      rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
      history: layers.map(() => ({ created_by: "a test" })),
    });
    const manifest = this.#putJson(`${MEDIA}.manifest.v1+json`, {
      schemaVersion: 2,
      mediaType: `${MEDIA}.manifest.v1+json`,
      config,
      layers: layers.map((bytes) => this.#put(`${MEDIA}.layer.v1.tar`, bytes)),
    });
    const annotations = { "org.opencontainers.image.ref.name": tag };
    const index = {
      schemaVersion: 2,
      manifests: [{ ...manifest, annotations }],
    };
    Deno.writeTextFileSync(`${this.path}/index.json`, JSON.stringify(index));
    Deno.writeTextFileSync(
      `${this.path}/oci-layout`,
      '{"imageLayoutVersion":"1.0.0"}',
    );
  }

  #json(digest: string) {
    return JSON.parse(Deno.readTextFileSync(this.#blobPath(digest)));
  }

  /** Layers of an image, uncompressed, the lowest first; checked by their ids. */
  read(tag: string): Uint8Array[] {
    const index = JSON.parse(Deno.readTextFileSync(`${this.path}/index.json`));
    const { digest } = index.manifests.find((
      { annotations }: { annotations?: Record<string, string> },
    ) => annotations?.["org.opencontainers.image.ref.name"] === tag);
    const { layers, config } = this.#json(digest);
    const ids: string[] = this.#json(config.digest).rootfs.diff_ids;
    return layers.map((layer: Descriptor, i: number) => {
      const blob = Deno.readFileSync(this.#blobPath(layer.digest));
      const bytes = /\+gzip$/.test(layer.mediaType) ? gunzipSync(blob) : blob;
      if (digestOf(bytes) !== ids[i]) {
        throw new Error(`layer ${i} has another id`);
      }
      return bytes;
    });
  }
}
