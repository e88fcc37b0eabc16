from .files import load as load
from .files import save as save
from .persona_record import PersonaRecord as PersonaRecord
from .personas import Personas as Personas
