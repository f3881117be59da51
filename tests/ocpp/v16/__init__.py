"""The OCPP room: pure modules with tables and laws, the shell against peers."""
