// The microphone as frames of 20 ms: 320 samples of 16 kHz, signed 16 bit. Runs in the audio thread of a browser.
const RATE = 16_000;
const FRAME = 320;

class Microphone extends AudioWorkletProcessor {
  frame = new Int16Array(FRAME);
  filled = 0;
  sum = 0;
  count = 0;
  phase = 0;

  process([[channel]]) {
    for (const sample of channel ?? []) this.take(sample);
    return true;
  }

  // Averages all that falls into one sample of ours: `sampleRate` is ours, or a higher one where the browser insists.
  take(sample) {
    this.sum += sample;
    this.count += 1;
    this.phase += RATE;
    if (this.phase < sampleRate) return;
    this.phase -= sampleRate;
    const mean = Math.max(-1, Math.min(1, this.sum / this.count));
    this.sum = this.count = 0;
    this.frame[this.filled++] = mean * 32_767;
    if (this.filled < FRAME) return;
    const full = this.frame.buffer;
    this.frame = new Int16Array(FRAME);
    this.filled = 0;
    this.port.postMessage(full, [full]);
  }
}

registerProcessor("microphone", Microphone);
