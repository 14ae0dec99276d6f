"""Who is looking: how a person says who they are, their own page, and the settings of their tenant.

The pages' shell hands its way to sign in to the guard, which knows it by its protocol alone (`guard.Entrance`).
"""
