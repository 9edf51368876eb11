// How Chromium is started by tests and benches alike. The flags keep it from looking for hosts of its own.
export const chromiumOptions = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    // A microphone that beeps, and nobody to ask for it.
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
  ],
};
