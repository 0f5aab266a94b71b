// Makes a whole Sigstore on loopback (a certificate authority, a log of certificates, a transparency log, a timestamp
// authority), signs an image in every form with it, and writes what it signed and the trusted roots to a folder:
//   node make.mjs FOLDER
// The clock stands still at NOON, so that what is written differs from run to run in keys and signatures alone.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';

const NOON = Date.parse('2026-06-01T12:00:00Z');
const HOUR = 3600 * 1000;
let now = NOON;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...parts) {
    super(...(parts.length ? parts : [now]));
  }
  static now() {
    return now;
  }
};

const require = createRequire(import.meta.url);
const mock = require('@sigstore/mock');
const sign = require('@sigstore/sign');
const { bundleToJSON } = require('@sigstore/bundle');

const folder = process.argv[2];
fs.mkdirSync(folder, { recursive: true });
const write = (name, content) => {
  const text = typeof content === 'string' || Buffer.isBuffer(content) ? content : JSON.stringify(content, null, 1) + '\n';
  fs.writeFileSync(path.join(folder, name), text);
};
const sha256 = (bytes, encoding) => crypto.createHash('sha256').update(bytes).digest(encoding);
const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const pem = (der) => `-----BEGIN CERTIFICATE-----\n${base64(der).match(/.{1,64}/g).join('\n')}\n-----END CERTIFICATE-----\n`;
const keyPair = () => crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });

// The image that is signed: a manifest and its configuration, which can be pushed to a registry as they are.
const config = JSON.stringify({
  architecture: 'amd64',
  os: 'linux',
  config: { Labels: { 'org.opencontainers.image.revision': '0123456789abcdef0123456789abcdef01234567' } },
  rootfs: { type: 'layers', diff_ids: [] },
});
const manifest = JSON.stringify({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: `sha256:${sha256(config, 'hex')}`, size: config.length },
  layers: [],
});
write('config.json', config);
write('manifest.json', manifest);
const imageHex = sha256(manifest, 'hex');

const IDENTITY = 'https://github.com/org/app/.github/workflows/release.yml@refs/heads/main';
const CLAIMS = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: IDENTITY,
  aud: 'sigstore',
  exp: 4000000000,
  repository: 'org/app',
  sha: '0123456789abcdef0123456789abcdef01234567',
};

// One instance of Sigstore.
async function instance({ withCertificateLog = true } = {}) {
  const certificateLog = withCertificateLog ? await mock.initializeCTLog(keyPair()) : undefined;
  const authority = await mock.initializeCA(keyPair(), certificateLog);
  const log = await mock.initializeTLog('https://rekor.example.test', keyPair());
  const timestamps = await mock.initializeTSA(keyPair());
  return { certificateLog, authority, log, timestamps };
}

// A PEM text in base64 with lines of 64 characters; the mock has one line.
function wrapped(text) {
  const lines = Buffer.from(text, 'base64').toString().trim().split('\n');
  return base64(pem(Buffer.from(lines.slice(1, -1).join(''), 'base64')));
}

// What Rekor makes of a proposed entry, in each of the forms that it has had; the mock logs the proposal as it is.
const hash = (bytes) => ({ algorithm: 'sha256', value: sha256(bytes, 'hex') });
const forms = {
  'dsse 0.0.1': ({ json, payload, signature, verifier }) => ({
    envelopeHash: hash(json),
    payloadHash: hash(payload),
    signatures: [{ signature, verifier }],
  }),
  'dsse 0.0.2': ({ payload, signature, rawBytes }) => ({
    dsseV002: {
      payloadHash: { algorithm: 'SHA2_256', digest: base64(Buffer.from(sha256(payload, 'hex'), 'hex')) },
      signatures: [{ content: signature, verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', x509Certificate: { rawBytes } } }],
    },
  }),
  'hashedrekord 0.0.2': ({ payload, payloadType, signature, rawBytes }) => ({
    hashedRekordV002: {
      data: { algorithm: 'SHA2_256', digest: base64(Buffer.from(sha256(encoded(payloadType, payload), 'hex'), 'hex')) },
      signature: { content: signature, verifier: { keyDetails: 'PKIX_ECDSA_P256_SHA_256', x509Certificate: { rawBytes } } },
    },
  }),
  'intoto 0.0.1': ({ json, payload, verifier }) => ({ content: { hash: hash(json), payloadHash: hash(payload) }, publicKey: verifier }),
};
function logged(proposal, form) {
  if (proposal.kind === 'hashedrekord') {
    const { publicKey } = proposal.spec.signature;
    publicKey.content = wrapped(publicKey.content);
  }
  if (proposal.kind !== 'dsse') return proposal;
  const { envelope: json, verifiers } = proposal.spec.proposedContent;
  const { payload, payloadType, signatures } = JSON.parse(json);
  const verifier = wrapped(verifiers[0]);
  const rawBytes = Buffer.from(verifier, 'base64').toString().trim().split('\n').slice(1, -1).join('');
  const parts = { json, payload: Buffer.from(payload, 'base64'), payloadType, signature: signatures[0].sig, verifier, rawBytes };
  const [kind, apiVersion] = form.split(' ');
  return { apiVersion, kind, spec: forms[form](parts) };
}

// What the signature of an envelope covers.
function encoded(type, payload) {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${bytes.length} `), bytes]);
}

// Serves an instance while `work` runs with its URL.
async function served({ authority, log, timestamps }, form, work) {
  const rekor = mock.rekorHandler(log, { strict: true });
  const handlers = [mock.fulcioHandler(authority, { strict: true }), rekor, mock.tsaHandler(timestamps, { strict: true })];
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', async () => {
      const handler = handlers.find((handler) => handler.path === request.url);
      const text = Buffer.concat(parts).toString();
      const body = handler === rekor ? JSON.stringify(logged(JSON.parse(text), form)) : text;
      const answer = await handler.fn(body);
      response.writeHead(answer.statusCode, { 'content-type': answer.contentType || 'text/plain' });
      response.end(answer.response);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await work(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.close();
  }
}

// Signs with a certificate of the instance; logs and timestamps as asked.
async function keyless(world, { statement, bytes }, { claims = CLAIMS, witnesses = ['log'], entryType, form = 'dsse 0.0.1', late = false } = {}) {
  return served(world, form, async (url) => {
    const token = ['{"alg":"none"}', JSON.stringify(claims), 'x'].map((part) => Buffer.from(part).toString('base64url')).join('.');
    const certificates = new sign.FulcioSigner({ fulcioBaseURL: url, identityProvider: { getToken: async () => token } });
    const signer = {
      sign: async (data) => {
        const signature = await certificates.sign(data);
        if (late) now = NOON + HOUR;
        return signature;
      },
    };
    const known = {
      log: () => new sign.RekorWitness({ rekorBaseURL: url, entryType }),
      timestamp: () => new sign.TSAWitness({ tsaBaseURL: url }),
    };
    const options = { signer, witnesses: witnesses.map((name) => known[name]()) };
    const bundle = statement
      ? await new sign.DSSEBundleBuilder(options).create({ data: Buffer.from(statement), type: 'application/vnd.in-toto+json' })
      : await new sign.MessageSignatureBundleBuilder(options).create({ data: Buffer.from(bytes) });
    now = NOON;
    return withDefaults(bundleToJSON(bundle));
  });
}

// JSON of protocol buffers may leave out what is empty; sigstore-python wants it.
function withDefaults(bundle) {
  bundle.verificationMaterial.tlogEntries ??= [];
  for (const entry of bundle.verificationMaterial.tlogEntries) {
    entry.inclusionProof = { logIndex: '0', hashes: [], ...entry.inclusionProof };
  }
  return bundle;
}

function trustedRoot(world, { logs = true } = {}) {
  const validFor = { start: '2026-01-01T00:00:00Z' };
  const key = (der, id) => ({
    baseUrl: 'https://example.test',
    hashAlgorithm: 'SHA2_256',
    publicKey: { rawBytes: base64(der), keyDetails: 'PKIX_ECDSA_P256_SHA_256', validFor },
    logId: { keyId: base64(id) },
  });
  const authority = (...certificates) => ({
    subject: { organization: 'sigstore.mock', commonName: 'sigstore' },
    uri: 'https://example.test',
    certChain: { certificates: certificates.map((der) => ({ rawBytes: base64(der) })) },
    validFor,
  });
  return {
    mediaType: 'application/vnd.dev.sigstore.trustedroot+json;version=0.1',
    tlogs: logs ? [key(world.log.publicKey, sha256(world.log.publicKey))] : [],
    certificateAuthorities: [authority(world.authority.rootCertificate)],
    ctlogs: logs && world.certificateLog ? [key(world.certificateLog.publicKey, world.certificateLog.logID)] : [],
    timestampAuthorities: [authority(world.timestamps.intCertificate, world.timestamps.rootCertificate)],
  };
}

const statement = (predicateType, predicate) =>
  JSON.stringify({
    _type: 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'registry.example.test/org/app', digest: { sha256: imageHex } }],
    predicateType,
    predicate,
  });
const signed = { statement: statement('https://sigstore.dev/cosign/sign/v1', {}) };
const REPOSITORY = 'https://github.com/org/app';
const provenance = {
  statement: statement('https://slsa.dev/provenance/v1', {
    buildDefinition: {
      buildType: 'https://actions.github.io/buildtypes/workflow/v1',
      externalParameters: { workflow: { ref: 'refs/heads/main', repository: REPOSITORY, path: '.github/workflows/release.yml' } },
      resolvedDependencies: [{ uri: `git+${REPOSITORY}@refs/heads/main`, digest: { gitCommit: CLAIMS.sha } }],
    },
    runDetails: { builder: { id: IDENTITY }, metadata: { invocationId: `${REPOSITORY}/actions/runs/1/attempts/1` } },
  }),
};
const provenance02 = {
  statement: statement('https://slsa.dev/provenance/v0.2', {
    builder: { id: IDENTITY },
    buildType: 'https://github.com/slsa-framework/slsa-github-generator/container@v1',
    invocation: { configSource: { uri: `git+${REPOSITORY}@refs/heads/main`, digest: { sha1: CLAIMS.sha } } },
    materials: [{ uri: `git+${REPOSITORY}@refs/heads/main`, digest: { sha1: CLAIMS.sha } }],
  }),
};

const world = await instance();
const other = await instance();
write('trusted_root.json', trustedRoot(world));
write('trusted_root.timestamps.json', trustedRoot(world, { logs: false }));
write('trusted_root.other.json', trustedRoot(other));

const both = { witnesses: ['log', 'timestamp'] };
write('signed.bundle.json', await keyless(world, signed));
write('provenance.bundle.json', await keyless(world, provenance, both));
write('provenance-v0.2.bundle.json', await keyless(world, provenance02));
write('spdx.bundle.json', await keyless(world, { statement: statement('https://spdx.dev/Document', { spdxVersion: 'SPDX-2.3' }) }));
write('intoto-entry.bundle.json', await keyless(world, signed, { entryType: 'intoto' }));
write('dsse-v2-entry.bundle.json', await keyless(world, signed, { form: 'dsse 0.0.2' }));
write('hashed-v2-entry.bundle.json', await keyless(world, signed, { form: 'hashedrekord 0.0.2' }));
write('timestamp-alone.bundle.json', await keyless(world, signed, { witnesses: ['timestamp'] }));
write('content.bundle.json', await keyless(world, { bytes: manifest }, both));

// What must be rejected.
write('bad.logged-late.bundle.json', await keyless(world, signed, { late: true }));
write('bad.timestamped-late.bundle.json', await keyless(world, signed, { late: true, witnesses: ['timestamp'] }));
write('bad.newline.bundle.json', await keyless(world, signed, { claims: { ...CLAIMS, sub: `${IDENTITY}\nhttps://example.test/` } }));
write('bad.no-proof.bundle.json', await keyless(world, signed, { witnesses: [] }));
write('bad.other-authority.bundle.json', await keyless({ ...world, authority: other.authority }, signed));
write('bad.other-log.bundle.json', await keyless({ ...world, log: other.log }, signed));
write('bad.other-timestamps.bundle.json', await keyless({ ...world, timestamps: other.timestamps }, signed, { witnesses: ['timestamp'] }));
// The same authority, without and with another log of certificates: their keys are in the authority, so they are exchanged there.
const certificateLog = world.authority.ctLog;
world.authority.ctLog = undefined;
write('bad.no-certificate-log.bundle.json', await keyless(world, signed));
world.authority.ctLog = other.certificateLog;
write('bad.other-certificate-log.bundle.json', await keyless(world, signed));
world.authority.ctLog = certificateLog;

// cosign's earlier form: a layer with what is signed, and its annotations.
const payload = JSON.stringify({
  critical: {
    identity: { 'docker-reference': 'registry.example.test/org/app' },
    image: { 'docker-manifest-digest': `sha256:${imageHex}` },
    type: 'cosign container image signature',
  },
  optional: null,
});
write('simple-signing.payload.json', payload);
function annotations(bundle, signature) {
  const { verificationMaterial: material } = bundle;
  const certificate = material.certificate ?? material.x509CertificateChain.certificates[0];
  const [entry] = material.tlogEntries;
  const [timestamp] = material.timestampVerificationData?.rfc3161Timestamps ?? [];
  return {
    'dev.cosignproject.cosign/signature': signature,
    'dev.sigstore.cosign/certificate': pem(Buffer.from(certificate.rawBytes, 'base64')),
    'dev.sigstore.cosign/chain': pem(world.authority.rootCertificate),
    'dev.sigstore.cosign/bundle': JSON.stringify({
      SignedEntryTimestamp: entry.inclusionPromise.signedEntryTimestamp,
      Payload: {
        body: entry.canonicalizedBody,
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: Buffer.from(entry.logId.keyId, 'base64').toString('hex'),
      },
    }),
    ...(timestamp && { 'dev.sigstore.cosign/rfc3161timestamp': JSON.stringify({ SignedRFC3161Timestamp: timestamp.signedTimestamp }) }),
  };
}
const simple = await keyless(world, { bytes: payload }, both);
write('simple-signing.annotations.json', annotations(simple, simple.messageSignature.signature));
for (const [name, form] of [['attestation', 'dsse 0.0.1'], ['attestation-intoto', 'intoto 0.0.1']]) {
  const attested = await keyless(world, provenance, { form });
  write(`${name}.layer.json`, JSON.stringify(attested.dsseEnvelope));
  write(`${name}.annotations.json`, annotations(attested, ''));
}

// Keys, with a layer and a bundle each. cosign hashes with SHA-256, whatever the key.
const kinds = {
  p256: ['ec', { namedCurve: 'P-256' }, 'sha256'],
  p384: ['ec', { namedCurve: 'P-384' }, 'sha384'],
  'p384-sha256': ['ec', { namedCurve: 'P-384' }, 'sha256'],
  ed25519: ['ed25519', {}, null],
  'rsa-pkcs1': ['rsa', { modulusLength: 2048 }, 'sha256'],
  'rsa-pss': ['rsa', { modulusLength: 3072 }, 'sha256'],
};
for (const [name, [type, options, hash]] of Object.entries(kinds)) {
  const { publicKey, privateKey } = crypto.generateKeyPairSync(type, options);
  const padding = name === 'rsa-pss' ? { padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: crypto.constants.RSA_PSS_SALTLEN_DIGEST } : {};
  const make = (bytes) => base64(crypto.sign(hash, Buffer.from(bytes), { key: privateKey, ...padding }));
  const payloadType = 'application/vnd.in-toto+json';
  write(`key.${name}.pub`, publicKey.export({ format: 'pem', type: 'spki' }));
  write(`key.${name}.annotations.json`, { 'dev.cosignproject.cosign/signature': make(payload) });
  write(`key.${name}.bundle.json`, {
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: base64(sha256(publicKey.export({ format: 'der', type: 'spki' }))) } },
    dsseEnvelope: { payload: base64(signed.statement), payloadType, signatures: [{ sig: make(encoded(payloadType, signed.statement)) }] },
  });
}
