import { Stack, Title } from '@mantine/core';
import { IconFlaskOff } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useRouterState } from '@tanstack/react-router';
import { useEffect } from 'react';

import { recipesQuery } from '@/api/queries';
import type { RecipeOut } from '@/api/types';
import { Page } from '@/components/Page';
import { Empty, Loaded } from '@/components/states';
import { Facts } from '@/components/text';

import { OwnRecipes } from './OwnRecipes';
import { RecipeFacts } from './analyse/RecipeCards';
import classes from './RecipesPage.module.css';

export function RecipesPage() {
  const query = useQuery(recipesQuery);
  const hash = useRouterState({ select: (state) => state.location.hash });
  useEffect(() => {
    if (query.data && hash) document.getElementById(hash)?.scrollIntoView({ block: 'start' });
  }, [query.data, hash]);
  return (
    <Page title="Recipes" description="The established codes that run here. Open a dataset and press Analyse to use one.">
      <Loaded query={query}>
        {(recipes) =>
          recipes.length === 0 ? (
            <Empty icon={IconFlaskOff} title="No recipes are installed">
              The operator adds recipe folders to the configuration.
            </Empty>
          ) : (
            <Stack>
              <OwnRecipes />
              {recipes.filter((recipe) => !recipe.private).map((recipe) => (
                <Recipe key={recipe.id} recipe={recipe} />
              ))}
            </Stack>
          )
        }
      </Loaded>
    </Page>
  );
}

function Recipe({ recipe }: { recipe: RecipeOut }) {
  return (
    <article id={recipe.id} className={classes.recipe} aria-labelledby={`title-${recipe.id}`}>
      <Title order={2} id={`title-${recipe.id}`}>
        {recipe.title} <span className={classes.version}>{recipe.version}</span>
      </Title>
      <p className={classes.summary}>{recipe.summary}</p>
      <RecipeFacts recipe={recipe} />
      <Facts facts={recipe.inputs.map(({ title, accepts, help, minimum }) => ({ name: minimum === 0 ? `${title} (optional)` : title, value: accepts || help, source: accepts ? help : null }))} />
    </article>
  );
}
