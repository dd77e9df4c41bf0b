import { Badge, Button, Group, Table, Text, Title } from '@mantine/core';
import { modals } from '@mantine/modals';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';

import { api, body } from '@/api/client';
import { ownRecipesQuery } from '@/api/queries';
import type { OwnRecipeOut } from '@/api/types';
import { ActionFailure } from '@/components/states';

/** Recipes that are not published: one's own, and to instrument staff everybody's. */
export function OwnRecipes() {
  const query = useQuery(ownRecipesQuery);
  if (!query.data || query.data.length === 0) return null;
  return (
    <section aria-label="Not published">
      <Title order={2} size="h4" mb="xs">
        Not published
      </Title>
      <Table mb="xl">
        <Table.Tbody>
          {query.data.map((one) => (
            <Row key={`${String(one.person_id)}/${one.recipe.id}`} one={one} />
          ))}
        </Table.Tbody>
      </Table>
    </section>
  );
}

function Row({ one }: { one: OwnRecipeOut }) {
  const queries = useQueryClient();
  const { recipe, person_id, content_hash } = one;
  const settled = () => void queries.invalidateQueries({ queryKey: ['recipes'] });
  const publish = useMutation({
    mutationFn: () => body(api.POST('/api/v1/own-recipes/publish', { body: { person_id, recipe: recipe.id, version: recipe.version, content_hash } })),
    onSettled: settled,
  });
  const remove = useMutation({
    mutationFn: () => body(api.DELETE('/api/v1/own-recipes/{recipe}', { params: { path: { recipe: recipe.id } } })),
    onSettled: settled,
  });
  return (
    <Table.Tr>
      <Table.Td>
        <Text fw={500}>
          {recipe.title} {recipe.version}
        </Text>
        <Text size="xs" c="dimmed">
          {recipe.summary}
        </Text>
        <ActionFailure error={publish.error ?? remove.error} />
      </Table.Td>
      <Table.Td>{one.is_mine ? <Badge tt="none">Yours alone</Badge> : one.author}</Table.Td>
      <Table.Td>
        <Group gap="xs" justify="flex-end" wrap="nowrap">
          <Button size="compact-xs" variant="default" component="a" href={`/api/v1/own-recipes/${String(person_id)}/${recipe.id}/notebook`} download>
            Notebook
          </Button>
          {one.may_publish && (
            <Button
              size="compact-xs"
              loading={publish.isPending}
              onClick={() =>
                modals.openConfirmModal({
                  title: `Publish “${recipe.title}” ${recipe.version}?`,
                  children: <Text size="sm">Everybody can run it then, on their own data and in the sandbox. This version never changes. Look at the notebook before.</Text>,
                  labels: { confirm: 'Publish', cancel: 'Cancel' },
                  onConfirm: () => publish.mutate(),
                })
              }
            >
              Publish …
            </Button>
          )}
          {one.is_mine && (
            <Button size="compact-xs" variant="default" color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              Remove
            </Button>
          )}
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
