// A real livekit-server on loopback, and in front of it a carrier whose phones are pages of this browser: it answers the two
// requests of LiveKit's SIP service that a call needs and hands everything else on.
import { spawn, type ChildProcess } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, createServer as createSocketServer, type AddressInfo } from "node:net";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { siteFolder } from "./installation.ts";

export const apiKey = "local";
export const apiSecret = "local-livekit-on-loopback-protects-nothing";
export const trunk = "ST_browser";

/** The livekit-server of this machine, if there is one: named, on the PATH, built by the set-up, or where Go installs. */
export function findLiveKit(): string | undefined {
  const go = process.env.GOBIN ?? (process.env.GOPATH ? join(process.env.GOPATH, "bin") : join(homedir(), "go/bin"));
  const tools = join(siteFolder, "../tools/livekit-server");
  const onPath = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, "livekit-server"));
  return [process.env.RINGSIDE_LIVEKIT_SERVER ?? "", ...onPath, tools, join(go, "server")].find((file) => file && existsSync(file));
}

/** Somebody whose phone rings. */
export type Dialled = { room: string; identity: string; token: string };

export type Carrier = {
  /** Where Ringside reaches LiveKit. */
  url: string;
  /** Where browsers reach it. */
  publicURL: string;
  /** A page that joins as a phone: `window.answer(url, token)`. */
  phonePage: string;
  stop: () => Promise<void>;
};

/** Starts both. `ring` answers the phone, or says that it is busy. */
export async function startCarrier(program: string, ring: (dialled: Dialled) => Promise<"answered" | "busy">): Promise<Carrier> {
  const port = await freePort();
  const livekit = await startLiveKit(program, port);
  const server = createServer((incoming, answer) => {
    handle(incoming, answer, port, ring).catch((error) => answer.writeHead(500).end(String(error)));
  });
  server.on("upgrade", (incoming, socket, head) => {
    const onward = connect(port, "127.0.0.1", () => {
      const headers = incoming.rawHeaders.flatMap((name, at, all) => (at % 2 ? [] : [`${name}: ${all[at + 1]}`]));
      onward.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${headers.join("\r\n")}\r\n\r\n`);
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
    onward.on("error", () => socket.destroy());
    socket.on("error", () => onward.destroy());
  });
  await new Promise<void>((up) => server.listen(0, "127.0.0.1", up));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: `ws://${address}`,
    publicURL: `ws://127.0.0.1:${port}`,
    phonePage: `http://${address}/phone`,
    stop: () => stop(livekit, server),
  };
}

async function stop(livekit: ChildProcess, server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  const ended = new Promise((end) => livekit.once("exit", end));
  livekit.kill("SIGKILL");
  await ended;
}

async function startLiveKit(program: string, port: number): Promise<ChildProcess> {
  const configuration = {
    port,
    bind_addresses: ["127.0.0.1"],
    keys: { [apiKey]: apiSecret },
    rtc: {
      udp_port: await freePort(),
      tcp_port: await freePort(),
      node_ip: "127.0.0.1",
      use_external_ip: false,
      enable_loopback_candidate: true,
    },
    logging: { level: "error" },
  };
  const livekit = spawn(program, ["--config-body", JSON.stringify(configuration)], { stdio: "ignore" });
  for (let tries = 0; tries < 300; tries++) {
    if (livekit.exitCode !== null) throw new Error(`livekit-server ended with ${livekit.exitCode}`);
    const up = await fetch(`http://127.0.0.1:${port}`).then(() => true, () => false);
    if (up) return livekit;
    await new Promise((later) => setTimeout(later, 100));
  }
  livekit.kill("SIGKILL");
  throw new Error("livekit-server did not start within half a minute");
}

function freePort(): Promise<number> {
  return new Promise((found) => {
    const server = createSocketServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => found(port));
    });
  });
}

async function handle(
  incoming: IncomingMessage,
  answer: ServerResponse,
  livekit: number,
  ring: (dialled: Dialled) => Promise<"answered" | "busy">,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const protobuf = (message: Buffer) => answer.writeHead(200, { "content-type": "application/protobuf" }).end(message);
  switch (incoming.url) {
    case "/phone":
      answer.writeHead(200, { "content-type": "text/html" }).end(phone);
      return;
    case "/livekit-client.js":
      answer.writeHead(200, { "content-type": "text/javascript" }).end(readFileSync(join(siteFolder, "livekit-client.js")));
      return;
    case "/twirp/livekit.SIP/ListSIPOutboundTrunk":
      protobuf(field(1, field(1, trunk)));
      return;
    case "/twirp/livekit.SIP/CreateSIPParticipant": {
      const asked = read(body);
      const [room, identity] = [asked.get(3)!, asked.get(4)!];
      if ((await ring({ room, identity, token: tokenOf(room, identity) })) === "answered") {
        protobuf(Buffer.concat([field(2, identity), field(3, room)]));
      } else {
        const refusal = { code: "resource_exhausted", msg: "busy", meta: { sip_status_code: "486", sip_status: "Busy Here" } };
        answer.writeHead(429, { "content-type": "application/json" }).end(JSON.stringify(refusal));
      }
      return;
    }
    default: {
      const onward = request({ port: livekit, host: "127.0.0.1", method: incoming.method, path: incoming.url, headers: incoming.headers });
      onward.on("response", (theirs) => {
        answer.writeHead(theirs.statusCode!, theirs.headers);
        theirs.pipe(answer);
      });
      onward.on("error", () => answer.destroy());
      onward.end(body);
    }
  }
}

/** A phone that was answered, as LiveKit's SIP service would let it in. */
function tokenOf(room: string, identity: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    iss: apiKey,
    sub: identity,
    nbf: now - 5,
    exp: now + 300,
    kind: "sip",
    attributes: { "sip.callStatus": "active" },
    video: { roomJoin: true, room },
  };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${createHmac("sha256", apiSecret).update(signed).digest("base64url")}`;
}

/** A text or message as field `number` of a protobuf; up to 127 bytes. */
function field(number: number, value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes]);
}

/** The texts of a protobuf by their fields; numbers and flags are passed over. */
function read(message: Buffer): Map<number, string> {
  const texts = new Map<number, string>();
  let at = 0;
  const number = () => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = message[at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 128;
    }
  };
  while (at < message.length) {
    const tag = number();
    if ((tag & 7) === 2) {
      const length = number();
      texts.set(tag >> 3, message.toString("utf8", at, at + length));
      at += length;
    } else number();
  }
  return texts;
}

// It hums at 200 Hz, with many overtones, never evenly and with pauses, so that nobody takes it for the beep of a mailbox or
// for a line that only hums.
const phone = `<!DOCTYPE html><title>Phone</title><script src="/livekit-client.js"></script><script>
window.answer = async (url, token) => {
  const room = new LivekitClient.Room();
  window.room = room;
  room.on("trackSubscribed", (track) => document.body.append(track.attach()));
  room.on("trackUnsubscribed", (track) => track.detach().forEach((element) => element.remove()));
  await room.connect(url, token);
  const context = new AudioContext();
  const hum = new OscillatorNode(context, { type: "sawtooth", frequency: 200 });
  const swell = new OscillatorNode(context, { frequency: 3 });
  const depth = new GainNode(context, { gain: 0.1 });
  const loudness = new GainNode(context, { gain: 0.2 });
  const out = new MediaStreamAudioDestinationNode(context);
  swell.connect(depth).connect(loudness.gain);
  const breath = new GainNode(context, { gain: 1 });
  hum.connect(loudness).connect(breath).connect(out);
  setInterval(() => {
    breath.gain.value = 1;
    setTimeout(() => (breath.gain.value = 0), 1300);
  }, 3400);
  hum.start();
  swell.start();
  await room.localParticipant.publishTrack(out.stream.getAudioTracks()[0], { source: "microphone", dtx: false, red: false });
};
</script>`;
