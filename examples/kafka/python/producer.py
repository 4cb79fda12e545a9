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

producer = KafkaProducer(bootstrap_servers=running["kafkaBrokers"], acks="all")
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
