from .eligibility import Eligibility as Eligibility
from .files import load as load
from .files import save as save
from .next_offer import NextOffer as NextOffer
from .next_offer_record import NextOfferRecord as NextOfferRecord
from .purchases import Holdings as Holdings
from .purchases import Purchases as Purchases
