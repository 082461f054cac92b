/**
 * A client on a unix socket that says exactly what it is told to.
 *
 * @module
 */

const encoder = new TextEncoder();

/** What came back. */
export interface Reply {
  /** Status, `0` if the connection ended before one came. */
  readonly status: number;
  /** Everything after the head, chunk sizes included. */
  readonly body: string;
}

/** A connection. */
export class Client implements Disposable {
  readonly #connection: Deno.Conn;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Connects to a socket. */
  static async connect(path: string): Promise<Client> {
    return new Client(await Deno.connect({ transport: "unix", path }));
  }

  /** Sends bytes. */
  async send(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string" ? encoder.encode(data) : data;
    while (rest.length > 0) {
      rest = rest.subarray(await this.#connection.write(rest));
    }
  }

  /** Sends the head of a request; `host` as the whole line, with its end. */
  head(call: string, length: number | "chunked", host = "Host:\r\n") {
    const size = length === "chunked"
      ? "Transfer-Encoding: chunked"
      : `Content-Length: ${length}`;
    return this.send(`POST /${call} HTTP/1.1\r\n${host}${size}\r\n\r\n`);
  }

  /** Sends a chunk of a body. */
  async chunk(bytes: Uint8Array): Promise<void> {
    await this.send(`${bytes.length.toString(16)}\r\n`);
    await this.send(bytes);
    await this.send("\r\n");
  }

  /** Reads what comes next, `undefined` at the end. */
  async read(): Promise<Uint8Array | undefined> {
    const buffer = new Uint8Array(64 * 1024);
    const length = await this.#connection.read(buffer).catch(() => null);
    return length === null ? undefined : buffer.subarray(0, length);
  }

  /** Reads until the connection ends or `enough` has come. */
  async reply(enough: RegExp = /\r\n\r\n[^]*[}\n]$/): Promise<Reply> {
    const decoder = new TextDecoder();
    let text = "";
    while (!enough.test(text)) {
      const bytes = await this.read();
      if (bytes === undefined) break;
      text += decoder.decode(bytes, { stream: true });
    }
    const [, status = "0"] = /^HTTP\/1.1 (\d+)/.exec(text) ?? [];
    return {
      status: Number(status),
      body: text.slice(text.indexOf("\r\n\r\n") + 4),
    };
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // Closed by the test already.
    }
  }
}

/** Sends one request on a connection of its own. */
export async function ask(
  path: string,
  call: string,
  body = "",
): Promise<Reply> {
  using client = await Client.connect(path);
  await client.head(call, encoder.encode(body).length);
  await client.send(body);
  return await client.reply();
}
