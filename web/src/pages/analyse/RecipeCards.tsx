import { Anchor, Badge, Button, Group, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle, IconClock } from '@tabler/icons-react';

import type { OfferOut, RecipeOut } from '@/api/types';
import { TechniqueChip } from '@/components/marks';
import { duration } from '@/format';

import classes from './analyse.module.css';

interface RecipeCardsProps {
  offers: readonly OfferOut[];
  choose: (recipe: string) => void;
}

/** What fits, best first. */
export function RecipeCards({ offers, choose }: RecipeCardsProps) {
  return (
    <Stack gap="sm">
      {offers.map(({ recipe }, index) => (
        <article key={recipe.id} className={classes.card} aria-labelledby={`recipe-${recipe.id}`}>
          <div style={{ minWidth: 0, flex: 1 }}>
            <Group gap={8}>
              <Title order={2} id={`recipe-${recipe.id}`}>
                {recipe.title}
              </Title>
              {index === 0 && offers.length > 1 && <Badge color="green">Fits best</Badge>}
            </Group>
            <Text size="sm">{recipe.summary}</Text>
            <RecipeFacts recipe={recipe} />
          </div>
          <Button variant={index === 0 ? 'filled' : 'default'} onClick={() => choose(recipe.id)} disabled={Boolean(recipe.problem)} aria-label={`Use ${recipe.title}`}>
            Use
          </Button>
        </article>
      ))}
    </Stack>
  );
}

/** Code, citation, duration, techniques, and what keeps it from running. */
export function RecipeFacts({ recipe }: { recipe: RecipeOut }) {
  return (
    <>
      <Group gap={8} mt={6} c="dimmed" fz="xs">
        <span>
          {recipe.code_url ? (
            <Anchor href={recipe.code_url} target="_blank" rel="noreferrer" inherit underline="always">
              {recipe.code}
            </Anchor>
          ) : (
            recipe.code
          )}{' '}
          {recipe.licence && `(${recipe.licence})`}
        </span>
        {recipe.typical_duration_s != null && (
          <span>
            <IconClock size={13} style={{ verticalAlign: -2 }} aria-hidden /> typically {duration(recipe.typical_duration_s, 1)}
          </span>
        )}
        {recipe.techniques.map((technique) => (
          <TechniqueChip key={technique.iri} technique={technique} />
        ))}
        {!recipe.environment_ready && !recipe.problem && <span>the first run prepares its programs, which takes some minutes</span>}
      </Group>
      {recipe.citation[0] && (
        <Text size="xs" c="dimmed" mt={4}>
          Cite: {recipe.citation[0]}
          {recipe.citation.length > 1 && ` and ${String(recipe.citation.length - 1)} more`}
        </Text>
      )}
      {recipe.problem && (
        <Text size="sm" c="red" mt={4}>
          <IconAlertTriangle size={15} style={{ verticalAlign: -2 }} aria-hidden /> {recipe.problem}
        </Text>
      )}
    </>
  );
}
