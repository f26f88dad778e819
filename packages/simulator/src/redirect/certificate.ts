/** Creates a self-signed certificate for one host name. */
import { createPrivateKey, generateKeyPair, randomBytes } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { promisify } from 'node:util'
import forge from 'node-forge'

/** A self-signed certificate and its private key, both in PEM. A program trusts it only when configured to. */
export interface Certificate {
  readonly cert: string
  readonly key: string
}

const VALID_DAYS = 30

export async function createCertificate(hostname: string): Promise<Certificate> {
  const { publicKey, privateKey } = await promisify(generateKeyPair)('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey)
  // The serial number of a certificate is positive, so its first byte must be below 0x80.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`
  const day = 24 * 60 * 60_000
  certificate.validity.notBefore = new Date(Date.now() - day)
  certificate.validity.notAfter = new Date(Date.now() + VALID_DAYS * day)
  const name = [{ name: 'commonName', value: 'CallGather simulator' }]
  certificate.setSubject(name)
  certificate.setIssuer(name)
  certificate.setExtensions([
    { name: 'basicConstraints', cA: true, critical: true },
    { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
    { name: 'extKeyUsage', serverAuth: true },
    { name: 'subjectKeyIdentifier' },
    // Tag 2 of a subject alternative name is a DNS name (RFC 5280 §4.2.1.6).
    { name: 'subjectAltName', altNames: [{ type: 2, value: hostname }] },
  ])
  certificate.sign(forge.pki.privateKeyFromPem(privateKey), forge.md.sha256.create())
  const key = createPrivateKey(privateKey).export({ type: 'pkcs8', format: 'pem' }).toString()
  return { cert: forge.pki.certificateToPem(certificate), key }
}

/** Returns the root certificates of Node.js and `certificate`, for settings that replace the whole list of authorities. */
export const bundleWith = ({ cert }: Certificate): string => [...rootCertificates, cert].join('\n')
