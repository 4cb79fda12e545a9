"""Starts a function by writing to Kafka: python producer.py <function> [count]"""

import json
import os
import sys
import uuid

from kafka import KafkaProducer

if len(sys.argv) < 2:
    sys.exit("usage: python producer.py <function> [count]")
function, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1
data_dir = os.environ.get("SENDOFF_DATA_DIR", ".sendoff")
with open(os.path.join(data_dir, "running.json"), encoding="utf-8") as file:
    running = json.load(file)
topic = os.environ.get("KAFKA_TOPIC_PREFIX", "sendoff.") + "intake"



def access():
    """The account of `npm start`'s broker; for brokers of your own, the same variables as for the services."""
    account = running.get("kafkaAccount") or {
        "mechanism": os.environ.get("KAFKA_SASL_MECHANISM", "SCRAM-SHA-512"),
        "username": os.environ.get("KAFKA_USERNAME"),
        "password": os.environ.get("KAFKA_PASSWORD"),
    }
    protocol = "sasl_plaintext" if "kafkaAccount" in running else os.environ.get("KAFKA_SECURITY_PROTOCOL", "plaintext")
    settings = {"security_protocol": protocol.upper()}
    if protocol.startswith("sasl_"):
        settings["sasl_mechanism"] = account["mechanism"]
        settings["sasl_plain_username"] = account["username"]
        settings["sasl_plain_password"] = account["password"]
    if protocol.endswith("ssl") and "KAFKA_CA_FILE" in os.environ:
        settings["ssl_cafile"] = os.environ["KAFKA_CA_FILE"]
    return settings


producer = KafkaProducer(bootstrap_servers=running["kafkaBrokers"], acks="all", **access())
writes = []
for n in range(count):
    # The request id is optional. With one, a repeated write is the same invocation.
    request_id = str(uuid.uuid4())
    headers = {"sendoff-function": function, "sendoff-project": running["projectId"], "sendoff-request-id": request_id}
    value = json.dumps({"n": n, "from": "python"}).encode()
    writes.append(producer.send(topic, value, headers=[(name, text.encode()) for name, text in headers.items()]))
    print(request_id)
for write in writes:
    write.get(timeout=30)
producer.close()
