// A call's room on LiveKit, for the call monitor: hearing it, and speaking in it. Fetched with the first click, and with it
// LiveKit's own client.
let fetched;

async function livekit() {
  fetched ??= import("/livekit-client.js").catch((error) => {
    fetched = undefined;
    throw error;
  });
  await fetched;
  // Whoever needs to know is told by the page, not by the console.
  LivekitClient.setLogLevel("silent");
  return LivekitClient;
}

// Sound comes from elements and not from an AudioContext: phones play those aloud even when they are switched to silent.
export async function listen({ url, token, you }, told) {
  const { Room, RoomEvent, Track } = await livekit();
  const room = new Room();
  const sounds = document.createElement("div");
  sounds.hidden = true;
  document.body.append(sounds);
  const leave = () => {
    room.removeAllListeners();
    sounds.remove();
    room.disconnect();
  };
  const audible = () => told(room.canPlaybackAudio ? "playing" : "blocked");
  room.on(RoomEvent.TrackSubscribed, (track, publication, { identity }) => {
    if (track.kind !== Track.Kind.Audio) return;
    // Nobody wants to hear themselves.
    if (identity.startsWith(you)) publication.setSubscribed(false);
    else sounds.append(track.attach());
  });
  room.on(RoomEvent.TrackUnsubscribed, (track) => track.detach().forEach((element) => element.remove()));
  room.on(RoomEvent.AudioPlaybackStatusChanged, audible);
  room.on(RoomEvent.Disconnected, () => {
    leave();
    told("ended");
  });
  try {
    await room.connect(url, token);
  } catch (error) {
    leave();
    throw error;
  }
  audible();
  return { leave, play: () => room.startAudio().catch(() => {}) };
}

// Nobody but the agent hears it before `toEverybody`; the agent's side decides then whether the person really does.
export async function speak({ url, token, agent }, stream, told) {
  const { Room, RoomEvent, Track } = await livekit();
  const room = new Room();
  const leave = () => {
    room.removeAllListeners();
    room.disconnect();
  };
  room.on(RoomEvent.Disconnected, () => {
    leave();
    told("ended");
  });
  const me = room.localParticipant;
  try {
    await room.connect(url, token, { autoSubscribe: false });
    me.setTrackSubscriptionPermissions(false, [{ participantIdentity: agent, allowAll: true }]);
    await me.publishTrack(stream.getAudioTracks()[0], { source: Track.Source.Microphone, red: false });
  } catch (error) {
    leave();
    throw error;
  }
  return { leave, toEverybody: () => me.setTrackSubscriptionPermissions(true) };
}
