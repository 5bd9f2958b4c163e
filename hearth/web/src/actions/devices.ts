// Which microphones, speakers and cameras there are, and trying one that is not used yet.
import * as store from "../store/voice.ts";

const loadDevices = () => import("../voice/devices.ts");

/** Hear the level of a microphone that is only tried; gives the way to end it. `play` lets the person hear themself. */
export async function tryMicrophone(level: (db: number) => void, play: boolean): Promise<() => void> {
  const { Microphone } = await import("../voice/microphone.ts");
  const open = () => mic.open(store.microphone(), { echo: store.echo(), noise: store.noise(), gain: store.gain() });
  const mic = await Microphone.make({ level, ended: () => void open().catch(() => {}), plain: store.setPlainNoise });
  try {
    await open();
  } catch (error) {
    mic.close();
    throw error;
  }
  const element = new Audio();
  if (play) {
    mic.obey({ gate: store.threshold() <= -80 ? "open" : "auto", thresholdDb: store.threshold() });
    element.srcObject = new MediaStream([mic.track]);
    if (store.speaker() && "setSinkId" in element) await element.setSinkId(store.speaker()).catch(() => {});
    void element.play().catch(() => {});
  }
  return () => {
    element.srcObject = null;
    mic.close();
  };
}

export async function lookThroughCamera(): Promise<MediaStream> {
  return (await loadDevices()).openCamera(store.camera());
}

export async function devices(): Promise<import("../voice/devices.ts").Devices> {
  return (await loadDevices()).listDevices();
}

export async function onDevices(changed: () => void): Promise<() => void> {
  return (await loadDevices()).onDevices(changed);
}
