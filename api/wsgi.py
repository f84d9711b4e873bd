"""What gunicorn serves: `gunicorn -c gunicorn.conf.py api.wsgi:application`."""

from api.app import create_app
from settings import Settings

application = create_app(Settings.from_env())
