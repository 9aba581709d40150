// What the page says, in each language.
const en = {
  title: "facecrypt opener",
  lead: "Gives back the faces of pictures and videos that were sealed with facecrypt, with your key.",
  promise:
    "Nothing leaves this device. The page sends and loads nothing, your browser refuses it such requests, and it works offline too.",
  pictures: "Sealed pictures and videos",
  choose: "Choose files",
  "or-drop": "or drop them here",
  "files-hint": "JPEG, PNG, TIFF or video; if there is a .fcrypt file beside it, choose that too",
  key: "Your key",
  "key-text": "Paste a key",
  passphrase: "or enter a passphrase",
  reveal: "Show",
  conceal: "Hide",
  "key-files": "or choose a key file",
  "choose-key": "Choose key file",
  "costly-ask":
    "The file asks for more memory and time than usual to check a passphrase. Spend them (up to 1 GiB and minutes).",
  open: "Open",
  opening: "Opening {name} …",
  working: "Working: {percent} % …",
  stretching: "Checking the passphrase, which takes a few seconds on purpose …",
  results: "Files",
  made: "This page is part of facecrypt",
  format: "format",
  "no-canvas": "Files are opened exactly, not drawn anew.",
  remove: "Remove {name}",
  sealed: "As it was sealed",
  opened: "Opened",
  save: "Save {name}",
  anyway: "Open anyway",
  done: "{good} of {all} opened.",
  ready: "Give the key, then open.",
  "one-ready": "1 picture chosen. Give the key, then open.",
  "many-ready": "{count} pictures chosen. Give the key, then open.",
  "good-original": "Opened: this is the original file, byte for byte.",
  "good-pixels": "Opened: every pixel is as it was.",
  "good-all": "Opened: all faces.",
  "good-some": "Opened: {which}.",
  "good-erased": "Erased for good: {which}; no key opens that any more.",
  "good-no-original": "The original file is erased as well.",
  "good-rest": "The rest stays sealed.",
  "no-face": "nothing was sealed in it",
  face: "face {numbers}",
  faces: "faces {numbers}",
  "was-edited": "The picture around the faces was changed after sealing.",
  says: "What the file says",
  "says-software": "written by",
  "says-picture": "picture",
  "says-carrier": "kind",
  "says-video": "length, frames",
  "says-coding": "coding",
  "says-cipher": "cipher",
  "says-keys": "opens to",
  "says-regions": "sealed faces, from 0",
  "says-private": "sealed besides",
  "says-id": "picture id",
  none: "none",
  forgotten: "erased",
  bytes: "{count} bytes",
  "carrier-jpeg": "JPEG that stays a JPEG",
  "carrier-video": "video",
  "carrier-pixels": "sealed in its pixels",
  "key-argon2id": "a passphrase",
  "key-secret-key": "symmetric key {id}",
  "key-hpke-x25519": "private key of {id}",
  "key-hpke-mlkem768-x25519": "private key of {id} (post-quantum)",
  "kind-identity": "private key",
  "kind-symmetric": "symmetric key",
  "kind-region": "key of one face",
  "kind-locked": "locked key: enter its passphrase too",
  "no-pictures": "Choose a sealed picture first.",
  problems: {
    "wrong-key": [
      "This key does not open this picture.",
      "Below, under “What the file says”, are the keys that do. Ask who sent you the picture which one is yours.",
    ],
    changed: [
      "The key fits, but the picture was changed or damaged after sealing.",
      "Nothing of it is given out. Get the file again, as it was sealed.",
    ],
    edited: [
      "The picture around the faces was changed after sealing.",
      "You can open it anyway; the faces are genuine, what surrounds them may not be.",
    ],
    "no-key-given": ["No key was given.", "Paste a key, enter a passphrase or choose a key file."],
    "no-key-text": [
      "This is no facecrypt key.",
      "Keys begin with FACECRYPT-SECRET-KEY-, FACECRYPT-SYMMETRIC-KEY- or FACECRYPT-REGION-KEY-. A passphrase goes into the other field.",
    ],
    "public-key": [
      "This is a public key: it seals pictures and opens none.",
      "Give the private key that belongs to it.",
    ],
    "key-and-more": [
      "Beside the key there is something that is none.",
      "Leave that out; put a key that was broken over lines on one line.",
    ],
    "mistyped-key": ["The key is mistyped or cut short.", "Its checksum does not fit. Copy it again."],
    "locked-key": [
      "This key is locked with a passphrase.",
      "Enter its passphrase too, and open again.",
    ],
    "wrong-passphrase": [
      "The passphrase does not unlock this key.",
      "Enter the one that the key file was locked with.",
    ],
    "other-picture": [
      "This key is for a face of another picture.",
      "The key of a face opens only the very file that it was made for.",
    ],
    forgotten: [
      "What this key opened was erased from the picture for good.",
      "No key opens it any more.",
    ],
    costly: [
      "Checking a passphrase on this file costs much more than usual.",
      "If you trust the file, tick the box above and open again.",
    ],
    "not-sealed": [
      "There are no sealed faces in this file.",
      "It was never sealed, or what belongs to it was removed: many platforms and messengers do that to pictures. Ask for the file itself, say as an attachment. If a .fcrypt file came with it, choose both together.",
    ],
    "other-sidecar": [
      "The .fcrypt file does not belong to this picture.",
      "Choose the one whose name begins with the name of the picture. Do not rename it.",
    ],
    incomplete: [
      "Some of the sealed faces' data is missing in this file.",
      "It was cut on its way. Get the file again, as it was sealed.",
    ],
    damaged: ["The file is damaged.", "Get it again, as it was sealed."],
    version: [
      "The file was sealed by another version of facecrypt.",
      "A newer page may open it; the facecrypt that sealed it does.",
    ],
    rotated: [
      "The picture was rotated, cropped or resized after sealing.",
      "Its faces no longer fit. Get the file as it was sealed.",
    ],
    recompressed: [
      "The picture was compressed again after sealing.",
      "Its faces no longer fit it. Get the file as it was sealed: many platforms compress pictures.",
    ],
    converted: [
      "The picture was resized or converted after sealing.",
      "Its faces no longer fit it. Get the file as it was sealed.",
    ],
    "parts-do-not-fit": ["The sealed parts do not fit the picture.", "Get the file again, as it was sealed."],
    "too-large": [
      "The picture is too large for this page.",
      "Open it with the program: facecrypt decrypt.",
    ],
    tiff: ["This page does not open a TIFF of this kind.", "Open it with the program: facecrypt decrypt."],
    "no-clips": [
      "This video was sealed without clips of people.",
      "Only a key that opens all of it gives back the original.",
    ],
    "no-picture": ["This is no picture that facecrypt seals.", "Choose a sealed JPEG, PNG, TIFF or video."],
    "lone-sidecar": [
      "This .fcrypt file belongs to a picture.",
      "Choose the picture and the .fcrypt file together.",
    ],
    "old-browser": [
      "Your browser is too old for this page.",
      "Current versions of Firefox, Chrome, Edge and Safari open it.",
    ],
    internal: ["Something went wrong in this page.", "Open it with the program: facecrypt decrypt."],
  },
};

const de = {
  title: "facecrypt-Öffner",
  lead: "Gibt die Gesichter auf Bildern und in Videos zurück, die mit facecrypt versiegelt wurden – mit Ihrem Schlüssel.",
  promise:
    "Nichts verlässt dieses Gerät. Die Seite sendet und lädt nichts, Ihr Browser verweigert ihr solche Anfragen, und sie läuft auch offline.",
  pictures: "Versiegelte Bilder und Videos",
  choose: "Dateien auswählen",
  "or-drop": "oder hierher ziehen",
  "files-hint": "JPEG, PNG, TIFF oder Video; liegt eine .fcrypt-Datei dabei, wählen Sie sie mit aus",
  key: "Ihr Schlüssel",
  "key-text": "Schlüssel einfügen",
  passphrase: "oder Passphrase eingeben",
  reveal: "Zeigen",
  conceal: "Verbergen",
  "key-files": "oder Schlüsseldatei auswählen",
  "choose-key": "Schlüsseldatei auswählen",
  "costly-ask":
    "Die Datei verlangt mehr Speicher und Zeit als üblich, um eine Passphrase zu prüfen. Aufwenden (bis 1 GiB und Minuten).",
  open: "Öffnen",
  opening: "{name} wird geöffnet …",
  working: "In Arbeit: {percent} % …",
  stretching: "Die Passphrase wird geprüft; das dauert mit Absicht einige Sekunden …",
  results: "Dateien",
  made: "Diese Seite gehört zu facecrypt",
  format: "Format",
  "no-canvas": "Dateien werden exakt geöffnet, nicht neu gezeichnet.",
  remove: "{name} entfernen",
  sealed: "Versiegelt",
  opened: "Geöffnet",
  save: "{name} speichern",
  anyway: "Trotzdem öffnen",
  done: "{good} von {all} geöffnet.",
  ready: "Jetzt den Schlüssel angeben und öffnen.",
  "one-ready": "1 Bild ausgewählt. Jetzt den Schlüssel angeben und öffnen.",
  "many-ready": "{count} Bilder ausgewählt. Jetzt den Schlüssel angeben und öffnen.",
  "good-original": "Geöffnet: Das ist die Originaldatei, Byte für Byte.",
  "good-pixels": "Geöffnet: Jeder Bildpunkt ist wie zuvor.",
  "good-all": "Geöffnet: alle Gesichter.",
  "good-some": "Geöffnet: {which}.",
  "good-erased": "Endgültig gelöscht: {which}; kein Schlüssel öffnet das mehr.",
  "good-no-original": "Auch die Originaldatei ist gelöscht.",
  "good-rest": "Der Rest bleibt versiegelt.",
  "no-face": "darin war nichts versiegelt",
  face: "Gesicht {numbers}",
  faces: "Gesichter {numbers}",
  "was-edited": "Das Bild um die Gesichter herum wurde nach dem Versiegeln verändert.",
  says: "Was die Datei sagt",
  "says-software": "geschrieben von",
  "says-picture": "Bild",
  "says-carrier": "Art",
  "says-video": "Dauer, Einzelbilder",
  "says-coding": "Kodierung",
  "says-cipher": "Verfahren",
  "says-keys": "öffnet mit",
  "says-regions": "versiegelte Gesichter, ab 0",
  "says-private": "außerdem versiegelt",
  "says-id": "Bildkennung",
  none: "keine",
  forgotten: "gelöscht",
  bytes: "{count} Bytes",
  "carrier-jpeg": "JPEG, das ein JPEG bleibt",
  "carrier-video": "Video",
  "carrier-pixels": "in den Bildpunkten versiegelt",
  "key-argon2id": "einer Passphrase",
  "key-secret-key": "symmetrischem Schlüssel {id}",
  "key-hpke-x25519": "privatem Schlüssel von {id}",
  "key-hpke-mlkem768-x25519": "privatem Schlüssel von {id} (Post-Quanten)",
  "kind-identity": "privater Schlüssel",
  "kind-symmetric": "symmetrischer Schlüssel",
  "kind-region": "Schlüssel eines Gesichts",
  "kind-locked": "gesperrter Schlüssel: auch seine Passphrase eingeben",
  "no-pictures": "Wählen Sie zuerst ein versiegeltes Bild aus.",
  problems: {
    "wrong-key": [
      "Dieser Schlüssel öffnet dieses Bild nicht.",
      "Unten, unter „Was die Datei sagt“, stehen die Schlüssel, die es öffnen. Fragen Sie, wer Ihnen das Bild geschickt hat, welcher Ihrer ist.",
    ],
    changed: [
      "Der Schlüssel passt, aber das Bild wurde nach dem Versiegeln verändert oder beschädigt.",
      "Nichts davon wird herausgegeben. Lassen Sie sich die Datei noch einmal schicken, so wie sie versiegelt wurde.",
    ],
    edited: [
      "Das Bild um die Gesichter herum wurde nach dem Versiegeln verändert.",
      "Sie können es trotzdem öffnen; die Gesichter sind echt, was sie umgibt, vielleicht nicht.",
    ],
    "no-key-given": [
      "Es wurde kein Schlüssel angegeben.",
      "Fügen Sie einen Schlüssel ein, geben Sie eine Passphrase ein oder wählen Sie eine Schlüsseldatei aus.",
    ],
    "no-key-text": [
      "Das ist kein Schlüssel von facecrypt.",
      "Schlüssel beginnen mit FACECRYPT-SECRET-KEY-, FACECRYPT-SYMMETRIC-KEY- oder FACECRYPT-REGION-KEY-. Eine Passphrase gehört in das andere Feld.",
    ],
    "public-key": [
      "Das ist ein öffentlicher Schlüssel: Er versiegelt Bilder und öffnet keine.",
      "Geben Sie den privaten Schlüssel an, der dazugehört.",
    ],
    "key-and-more": [
      "Neben dem Schlüssel steht etwas, das keiner ist.",
      "Lassen Sie das weg; schreiben Sie einen umbrochenen Schlüssel in eine Zeile.",
    ],
    "mistyped-key": [
      "Der Schlüssel ist vertippt oder abgeschnitten.",
      "Seine Prüfsumme passt nicht. Kopieren Sie ihn noch einmal.",
    ],
    "locked-key": [
      "Dieser Schlüssel ist mit einer Passphrase gesperrt.",
      "Geben Sie auch seine Passphrase ein und öffnen Sie noch einmal.",
    ],
    "wrong-passphrase": [
      "Die Passphrase entsperrt diesen Schlüssel nicht.",
      "Geben Sie die ein, mit der die Schlüsseldatei gesperrt wurde.",
    ],
    "other-picture": [
      "Dieser Schlüssel gehört zu einem Gesicht auf einem anderen Bild.",
      "Der Schlüssel eines Gesichts öffnet nur genau die Datei, für die er gemacht wurde.",
    ],
    forgotten: [
      "Was dieser Schlüssel öffnete, wurde aus dem Bild endgültig gelöscht.",
      "Kein Schlüssel öffnet es mehr.",
    ],
    costly: [
      "Eine Passphrase zu prüfen, kostet bei dieser Datei viel mehr als üblich.",
      "Wenn Sie der Datei vertrauen, setzen Sie oben das Häkchen und öffnen Sie noch einmal.",
    ],
    "not-sealed": [
      "In dieser Datei sind keine versiegelten Gesichter.",
      "Sie wurde nie versiegelt, oder was dazugehört, wurde entfernt: Viele Plattformen und Messenger tun das mit Bildern. Lassen Sie sich die Datei selbst schicken, etwa als Anhang. Kam eine .fcrypt-Datei mit, wählen Sie beide zusammen aus.",
    ],
    "other-sidecar": [
      "Die .fcrypt-Datei gehört nicht zu diesem Bild.",
      "Wählen Sie die aus, deren Name mit dem Namen des Bildes beginnt. Benennen Sie sie nicht um.",
    ],
    incomplete: [
      "In dieser Datei fehlt ein Teil der versiegelten Gesichter.",
      "Sie wurde unterwegs gekürzt. Lassen Sie sich die Datei noch einmal schicken, so wie sie versiegelt wurde.",
    ],
    damaged: [
      "Die Datei ist beschädigt.",
      "Lassen Sie sie sich noch einmal schicken, so wie sie versiegelt wurde.",
    ],
    version: [
      "Die Datei wurde mit einer anderen Version von facecrypt versiegelt.",
      "Eine neuere Seite öffnet sie vielleicht; das facecrypt, mit dem sie versiegelt wurde, öffnet sie.",
    ],
    rotated: [
      "Das Bild wurde nach dem Versiegeln gedreht, beschnitten oder skaliert.",
      "Seine Gesichter passen nicht mehr. Sie brauchen die Datei, wie sie versiegelt wurde.",
    ],
    recompressed: [
      "Das Bild wurde nach dem Versiegeln neu komprimiert.",
      "Seine Gesichter passen nicht mehr. Sie brauchen die Datei, wie sie versiegelt wurde: Viele Plattformen komprimieren Bilder.",
    ],
    converted: [
      "Das Bild wurde nach dem Versiegeln skaliert oder umgewandelt.",
      "Seine Gesichter passen nicht mehr. Sie brauchen die Datei, wie sie versiegelt wurde.",
    ],
    "parts-do-not-fit": [
      "Die versiegelten Teile passen nicht zum Bild.",
      "Lassen Sie sich die Datei noch einmal schicken, so wie sie versiegelt wurde.",
    ],
    "too-large": [
      "Das Bild ist zu groß für diese Seite.",
      "Öffnen Sie es mit dem Programm: facecrypt decrypt.",
    ],
    tiff: ["Diese Seite öffnet kein TIFF dieser Art.", "Öffnen Sie es mit dem Programm: facecrypt decrypt."],
    "no-clips": [
      "Dieses Video wurde ohne Ausschnitte der Personen versiegelt.",
      "Nur ein Schlüssel, der alles öffnet, gibt das Original zurück.",
    ],
    "no-picture": [
      "Das ist kein Bild, das facecrypt versiegelt.",
      "Wählen Sie ein versiegeltes JPEG, PNG, TIFF oder Video aus.",
    ],
    "lone-sidecar": [
      "Diese .fcrypt-Datei gehört zu einem Bild.",
      "Wählen Sie das Bild und die .fcrypt-Datei zusammen aus.",
    ],
    "old-browser": [
      "Ihr Browser ist zu alt für diese Seite.",
      "Aktuelle Versionen von Firefox, Chrome, Edge und Safari öffnen sie.",
    ],
    internal: [
      "In dieser Seite ist etwas schiefgegangen.",
      "Öffnen Sie die Datei mit dem Programm: facecrypt decrypt.",
    ],
  },
};

export const LANGUAGES = { en, de };

let current = en;

/** @param {string} name of a language */
export function speak(name) {
  current = LANGUAGES[name] ?? en;
}

/** A text with its {gaps} filled. */
export function say(name, gaps = {}) {
  return current[name].replace(/\{(\w+)\}/g, (_, gap) => gaps[gap]);
}

/** What happened, and what to do about it. */
export function explain(code) {
  return current.problems[code] ?? current.problems.internal;
}
