// Node-RED beside the bridge. Passwords come from files; flows name the broker by the environment (${MQTT_HOST} …).
const fs = require('node:fs');

const environment = process.env;
environment.MQTT_HOST ??= 'localhost';
environment.MQTT_PORT ??= '1883';
environment.MQTT_USER ??= '';
environment.MQTT_PASSWORD ??= environment.MQTT_PASSWORD_FILE ? fs.readFileSync(environment.MQTT_PASSWORD_FILE, 'utf8').trim() : '';

module.exports = {
    // In the container it must listen on all of its interfaces; docker-compose.yml publishes the port on 127.0.0.1 only.
    uiHost: environment.NODE_RED_HOST ?? '127.0.0.1',
    uiPort: Number(environment.NODE_RED_PORT ?? 1880),
    flowFile: 'flows.json',
    // The flows hold no password, only the names of variables.
    credentialSecret: false,
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false },
    runtimeState: { enabled: true, ui: true },
    // Core nodes are enough for the examples; allow it to install others.
    externalModules: { palette: { allowInstall: false, allowUpload: false }, modules: { allowInstall: false } },
    mqttReconnectTime: 2000,
    logging: { console: { level: 'info', metrics: false, audit: false } },
};
